/** A line of nginx's log says which endpoint was called for whom. */
import { describe, expect, it } from 'vitest';
import { relayedIn } from '../../../src/probe/daemons/nginx-log.ts';

const LINE = {
  agent: 'packetwalk/00017',
  client: ['10.0.0.100', '40112'],
  server: ['10.244.1.2', '80'],
  upstream: 'default-web-80',
  endpoints: '10.244.2.2:8080',
  statuses: '200',
  connected: '0.001',
};
const read = (changes: Partial<Record<keyof typeof LINE, unknown>> = {}) =>
  relayedIn(JSON.stringify({ ...LINE, ...changes }), 'pod.default.nginx');

describe('a line of the log', () => {
  it('has both ends of the connection nginx took, and whom it called', () => {
    expect(read()).toEqual({
      probe: 17,
      relayed: {
        namespace: 'pod.default.nginx',
        program: 'nginx',
        serves: 'default-web-80',
        accepted: { source: '10.0.0.100:40112', destination: '10.244.1.2:80' },
        waiting: false,
        attempts: [{ endpoint: '10.244.2.2:8080', connected: true }],
      },
    });
  });

  it('has the endpoints that failed before', () => {
    const attempts = read({
      endpoints: '10.244.2.2:1, [fd00::2]:2, 10.244.2.4:3',
      statuses: '502, 504, 200',
      connected: '-, -, 0.001',
    });
    expect(attempts!.relayed.attempts).toEqual([
      { endpoint: '10.244.2.2:1', connected: false, failure: 'could not connect' },
      { endpoint: '[fd00::2]:2', connected: false, failure: 'timed out' },
      { endpoint: '10.244.2.4:3', connected: true },
    ]);
  });

  it('has none when nginx answered itself', () => {
    expect(read({ endpoints: '', statuses: '', connected: '' })!.relayed.attempts).toEqual([]);
  });

  it.each([
    ['of somebody else', { agent: 'curl/8.0' }],
    ['of somebody who is nearly one', { agent: 'packetwalk/17' }],
  ])('%s is nothing', (_, changes) => {
    expect(read(changes)).toBeUndefined();
  });

  it('that is none is nothing', () => {
    expect(relayedIn('nginx: [emerg] bind() failed', 'a')).toBeUndefined();
  });
});
