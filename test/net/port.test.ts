/** Ports in Kubernetes' spelling. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPort, parsePort, socketAddress } from '../../src/net/port.ts';

describe('a port', () => {
  it.each([
    [8080, { port: 8080, protocol: 'TCP' }],
    ['8080', { port: 8080, protocol: 'TCP' }],
    ['53/UDP', { port: 53, protocol: 'UDP' }],
    ['53/udp', { port: 53, protocol: 'UDP' }],
    ['65535/SCTP', { port: 65535, protocol: 'SCTP' }],
    ['1', { port: 1, protocol: 'TCP' }],
  ])('%s is read', (text, expected) => {
    expect(parsePort(text)).toEqual(expected);
  });

  it.each([0, 65536, 100000, -1, 80.5, '0', '080', '80/', '80/ICMP', '80/TCP/UDP', '/TCP', ' 80', '80 ', 'http', ''])(
    '"%s" is none',
    (text) => {
      expect(parsePort(text)).toBeUndefined();
    },
  );

  it('is read back from what it is written as', () => {
    fc.assert(
      fc.property(
        fc.record({
          port: fc.integer({ min: 1, max: 65535 }),
          protocol: fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const),
        }),
        (port) => {
          expect(parsePort(formatPort(port))).toEqual(port);
        },
      ),
    );
  });

  it('is written without the protocol everybody assumes', () => {
    expect(formatPort({ port: 80, protocol: 'TCP' })).toBe('80');
    expect(formatPort({ port: 53, protocol: 'UDP' })).toBe('53/UDP');
  });
});

it('an IPv6 socket address has brackets', () => {
  expect(socketAddress('10.0.0.1', 80)).toBe('10.0.0.1:80');
  expect(socketAddress('fd00::1', 80)).toBe('[fd00::1]:80');
});
