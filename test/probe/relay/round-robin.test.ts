/** Whose turn it is, with and without affinity, and when endpoints come and go. */
import { describe, expect, it } from 'vitest';
import { RoundRobin } from '../../../src/probe/relay/round-robin.ts';

const endpoints = (...names: readonly string[]) => names.map((address) => ({ address, port: 80 }));
const ABC = endpoints('a', 'b', 'c');

function turns(balancer: RoundRobin, clients: string): string {
  return [...clients].map((client) => balancer.take(client, false)?.address ?? '-').join('');
}

describe('without affinity', () => {
  it('endpoints take turns, whoever comes', () => {
    expect(turns(new RoundRobin({ endpoints: ABC }), '1112131')).toBe('abcabca');
  });

  it('there is nobody where there are none', () => {
    expect(turns(new RoundRobin({ endpoints: [] }), '12')).toBe('--');
  });

  it('other endpoints begin anew, the same ones go on', () => {
    const balancer = new RoundRobin({ endpoints: ABC });
    expect(turns(balancer, '1')).toBe('a');
    balancer.update({ endpoints: endpoints('c', 'b', 'a') });
    expect(turns(balancer, '1')).toBe('b');
    balancer.update({ endpoints: endpoints('x', 'y') });
    expect(turns(balancer, '111')).toBe('xyx');
    balancer.update({ endpoints: [] });
    expect(turns(balancer, '1')).toBe('-');
  });
});

describe('with affinity', () => {
  function sticky(affinitySeconds = 10) {
    let now = 0;
    const balancer = new RoundRobin({ endpoints: ABC, affinitySeconds }, () => now);
    return { balancer, pass: (seconds: number) => (now += seconds * 1000) };
  }

  it('a client keeps its endpoint, and others get the next ones', () => {
    expect(turns(sticky().balancer, '1121332')).toBe('aabaccb');
  });

  it('every connection extends it; after the time without one the next endpoint is taken', () => {
    const { balancer, pass } = sticky();
    expect(turns(balancer, '1')).toBe('a');
    pass(9);
    expect(turns(balancer, '1')).toBe('a');
    pass(9.9);
    expect(turns(balancer, '1')).toBe('a');
    pass(10);
    expect(turns(balancer, '1')).toBe('b');
  });

  it('an endpoint that did not take the connection is left, and the next one kept', () => {
    const { balancer } = sticky();
    expect(turns(balancer, '1')).toBe('a');
    expect(balancer.take('1', true)?.address).toBe('b');
    expect(turns(balancer, '1')).toBe('b');
  });

  it('clients of an endpoint that goes are forgotten, the others are not', () => {
    const { balancer } = sticky();
    expect(turns(balancer, '12')).toBe('ab');
    balancer.update({ endpoints: endpoints('b', 'd'), affinitySeconds: 10 });
    expect(turns(balancer, '213')).toBe('bbd');
  });

  it('can be taken away', () => {
    const { balancer } = sticky();
    balancer.update({ endpoints: ABC });
    expect(turns(balancer, '111')).toBe('abc');
  });
});
