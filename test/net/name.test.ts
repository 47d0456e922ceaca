/** Names of kernel objects: short enough for the kernel, the same every time, recognisable. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { numberToAddress } from '../../src/net/address.ts';
import {
  deviceName,
  digest,
  fitsDevice,
  isReservedDeviceName,
  linkLocalFor,
  type MacPrefix,
  macFor,
  namespaceName,
  tunnelName,
  vethName,
} from '../../src/net/name.ts';

/** IFNAMSIZ is 16, the closing zero included. */
const LIMIT = 15;
const PREFIXES: readonly MacPrefix[] = ['machine', 'machinePort', 'switch', 'pod', 'podPort', 'bridge', 'vtep'];
const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9.]{0,60}[a-z0-9])?$/);
const ipv4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => numberToAddress(value, 4));

describe('a device name', () => {
  it('fits the kernel, whatever it is derived from', () => {
    fc.assert(
      fc.property(name, (text) => {
        expect(deviceName(text).length).toBeLessThanOrEqual(LIMIT);
        expect(deviceName(text).length).toBeGreaterThan(0);
        expect(vethName(text)).toMatch(/^veth[0-9a-f]{8}$/);
      }),
    );
  });

  it('is the name itself as long as that fits', () => {
    expect(deviceName('fifteen-letters')).toBe('fifteen-letters');
    expect(deviceName('node1')).toBe('node1');
  });

  it('begins like a name that is too long, and two of those differ', () => {
    const [a, b] = [deviceName('worker-of-rack-1'), deviceName('worker-of-rack-2')];
    expect(a).toMatch(/^worker-o-[0-9a-f]{6}$/);
    expect(b).toMatch(/^worker-o-[0-9a-f]{6}$/);
    expect(a).not.toBe(b);
  });

  it('of a pod tells pods of one name in two namespaces apart', () => {
    expect(vethName('default/web')).not.toBe(vethName('prod/web'));
  });

  it('is the same in every run', () => {
    /** `printf default/web-0 | sha1sum`, `printf worker-of-rack-1 | sha1sum` */
    expect(vethName('default/web-0')).toBe('veth24d07f86');
    expect(deviceName('worker-of-rack-1')).toBe('worker-o-953741');
  });

  it('of a tunnel may be too long for the kernel', () => {
    expect([9_999_999, 10_000_000].map((vni) => fitsDevice(tunnelName(vni, 4)))).toEqual([true, false]);
  });

  it.each(['lo', 'all', 'default', 'master', 'mast', 'a', 'h', 'up'])(
    '%s is one that ip link takes for another',
    (word) => {
      expect(isReservedDeviceName(word)).toBe(true);
    },
  );

  it.each(['eth0', 'br0', 'gw', 'node1', 'masters', 'client'])('%s is one that ip link takes as it is', (word) => {
    expect(isReservedDeviceName(word)).toBe(false);
  });
});

describe('the name of a namespace', () => {
  it('says whose it is', () => {
    expect(namespaceName('pod', 'default', 'web-0')).toBe('pod.default.web-0');
  });

  it('fits a file, whatever the length of the names in it, and two of those differ', () => {
    const [a, b] = ['1', '2'].map((end) => namespaceName('pod', 'n'.repeat(63), `${'p'.repeat(252)}${end}`));
    expect([a!.length, b!.length]).toEqual([255, 255]);
    expect(a).not.toBe(b);
  });
});

describe('a MAC address', () => {
  it('shows the IPv4 address it belongs to', () => {
    expect(macFor('pod', '10.244.1.2')).toBe('0a:58:0a:f4:01:02');
    expect(macFor('vtep', '10.244.2.0')).toBe('0e:00:0a:f4:02:00');
    expect(macFor('machine', '0.0.0.1')).toBe('02:00:00:00:00:01');
  });

  it('is a unicast address of the locally administered kind', () => {
    fc.assert(
      fc.property(fc.constantFrom(...PREFIXES), ipv4, (prefix, address) => {
        const mac = macFor(prefix, address);
        expect(mac).toMatch(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/);
        expect(Number.parseInt(mac.slice(0, 2), 16) & 0b11).toBe(0b10);
      }),
    );
  });

  it('belongs to one role and one address only', () => {
    const role = fc.tuple(fc.constantFrom(...PREFIXES), ipv4);
    fc.assert(
      fc.property(role, role, (a, b) => {
        expect(macFor(...a) === macFor(...b)).toBe(a[0] === b[0] && a[1] === b[1]);
      }),
    );
    expect(new Set(PREFIXES.map((prefix) => macFor(prefix, '10.0.0.1'))).size).toBe(PREFIXES.length);
  });
});

it('a digest is the hexadecimal one of the tools', () => {
  /** `printf abc | sha256sum` */
  expect(digest('sha256', 'abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

it('a link-local address is made of the MAC address (RFC 4291, appendix A; RFC 2464 4)', () => {
  expect(linkLocalFor('34:56:78:9a:bc:de')).toBe('fe80::3656:78ff:fe9a:bcde');
  expect(linkLocalFor('02:00:0a:00:00:01')).toBe('fe80::aff:fe00:1');
});
