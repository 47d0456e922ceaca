/** Who may ask whom for what, what policies say about it, and what is made of an answer. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/index.ts';
import { type Pair, pairsOf, type Scope } from '../../src/judge/pairs.ts';
import { denialsOf, expectedOf, judgeCell } from '../../src/judge/reachability.ts';
import type { ProbeResult } from '../../src/probe/probe.ts';
import { Wiring } from '../../src/stitch/wiring.ts';
import { clusterOf } from '../model/cluster.ts';
import { pod, policy, service, stream, topology } from '../model/objects.ts';

const WORLD = [
  topology({
    networks: [
      { name: 'lan', cidr: '10.0.0.0/24' },
      { name: 'dmz', cidr: '10.1.0.0/24' },
    ],
    nodes: [{ name: 'node1' }, { name: 'node2' }],
    routers: [{ name: 'gw', networks: ['lan', 'dmz'], routes: [{ to: '10.244.2.0/24', via: 'node/node2' }] }],
    hosts: [
      { name: 'stranger' },
      { name: 'near', routes: [{ to: '10.96.0.0/12', via: 'node/node1' }] },
      { name: 'far', network: 'dmz' },
    ],
  }),
  pod('a', { node: 'node1', labels: { app: 'a' }, ports: [80] }),
  pod('b', { node: 'node2', labels: { app: 'b' }, ports: [80, '53/UDP'] }),
  pod('c', { node: 'node1', labels: { app: 'b' } }),
  pod('host', { node: 'node1', ports: [9100], spec: { hostNetwork: true } }),
];
const B = { podSelector: { matchLabels: { app: 'b' } } };

function pairs(documents: readonly string[], scope: Partial<Scope> = {}): Pair[] {
  const cluster = clusterOf(stream(...WORLD, ...documents));
  return pairsOf(cluster, new Wiring(compile(cluster)), { protocols: ['TCP'], family: 4, ...scope });
}

function find(all: readonly Pair[], from: string, to: string): Pair {
  const found = all.find((pair) => pair.from.place === from && pair.to.text === to);
  if (!found)
    throw new Error(
      `no pair ${from} → ${to} among ${all.map((pair) => `${pair.from.place} → ${pair.to.text}`).join(', ')}`,
    );
  return found;
}

describe('targets are', () => {
  it('the ports pods listen on, of the protocols asked for', () => {
    const texts = new Set(pairs([], { protocols: ['TCP', 'UDP'] }).map(({ to }) => to.text));
    expect([...texts]).toEqual(['pod/a:80', 'pod/b:80', 'pod/b:53/UDP']);
  });

  it('one port of every pod, when it is said which', () => {
    const texts = new Set(pairs([], { port: 8080 }).map(({ to }) => to.text));
    expect([...texts]).toEqual(['pod/a:8080', 'pod/b:8080', 'pod/c:8080']);
  });

  it('Services that lead to it', () => {
    const documents = [service('b', { ports: [{ port: 8080, targetPort: 80 }] }), service('none')];
    expect(new Set(pairs(documents, { port: 80 }).map(({ to }) => to.text))).toContain('service/b:8080');
    expect(new Set(pairs(documents, { port: 81 }).map(({ to }) => to.text))).not.toContain('service/b:8080');
    expect(new Set(pairs(documents).map(({ to }) => to.text))).not.toContain('service/none:80');
  });
});

describe('senders are', () => {
  it('pods, nodes, and hosts that have a way', () => {
    const all = pairs([service('b')]);
    const senders = (to: string) => all.filter((pair) => pair.to.text === to).map((pair) => pair.from.place);
    expect(senders('pod/a:80')).toEqual(['pod/a', 'pod/b', 'pod/c', 'node/node1', 'node/node2']);
    expect(senders('pod/b:80')).toContain('host/far');
    expect(senders('service/b:80')).toContain('host/near');
    expect(all.map((pair) => pair.from.place)).not.toContain('pod/host');
  });
});

describe('expected is', () => {
  const deny = policy('deny', B);

  it('what policies say about the pods', () => {
    expect(expectedOf(find(pairs([]), 'pod/a', 'pod/b:80'))).toBe('allowed');
    expect(expectedOf(find(pairs([deny]), 'pod/a', 'pod/b:80'))).toBe('denied');
    expect(denialsOf(find(pairs([deny]), 'pod/a', 'pod/b:80'))).toEqual(['ingress of pod/b: deny allows no ingress']);
  });

  it('what they say about the endpoints of a Service, on their ports', () => {
    const rule = { ...B, ingress: [{ ports: [{ port: 80 }] }] };
    const documents = [service('b', { ports: [{ port: 8080, targetPort: 80 }] }), policy('p', rule)];
    expect(expectedOf(find(pairs(documents), 'pod/a', 'service/b:8080'))).toBe('allowed');
  });

  it('mixed, where it depends on the endpoint', () => {
    const documents = [
      service('b'),
      policy('p', {
        podSelector: { matchLabels: { app: 'a' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ ipBlock: { cidr: '10.244.2.0/24' } }] }],
      }),
    ];
    const pair = find(pairs(documents), 'pod/a', 'service/b:80');
    expect(expectedOf(pair)).toBe('mixed');
    const answered = (endpoint: string): ProbeResult => ({
      kind: 'answered',
      answer: { endpoint, address: '', source: '', protocol: 'TCP' },
    });
    expect(judgeCell(pair, answered('pod/b')).differs).toBe(false);
    expect(judgeCell(pair, answered('pod/c')).differs).toBe(true);
    expect(judgeCell(pair, { kind: 'timeout' }).differs).toBe(false);
  });

  it('that a node is judged by the address it sends from, and reaches its own pods', () => {
    const rule = { ...B, ingress: [{ from: [{ ipBlock: { cidr: '10.244.1.0/32' } }] }] };
    const all = pairs([policy('p', rule)]);
    expect(expectedOf(find(all, 'node/node1', 'pod/b:80'))).toBe('allowed');
    expect(expectedOf(find(pairs([deny]), 'node/node1', 'pod/b:80'))).toBe('denied');
    expect(expectedOf(find(pairs([deny]), 'node/node2', 'pod/b:80'))).toBe('allowed');
  });

  it('nothing for a pod that may get itself behind a Service', () => {
    const all = pairs([service('b'), deny]);
    expect(expectedOf(find(all, 'pod/b', 'service/b:80'))).toBe('undefined');
    expect(expectedOf(find(all, 'pod/a', 'service/b:80'))).toBe('denied');
  });

  it('nothing for a machine that asks a Service', () => {
    const pair = find(pairs([service('b'), deny]), 'node/node1', 'service/b:80');
    expect(expectedOf(pair)).toBe('undefined');
    expect(judgeCell(pair, { kind: 'timeout' }).differs).toBe(false);
  });
});

describe('a cell differs when', () => {
  const [open, closed] = [[], [policy('deny', B)]].map((documents) => find(pairs(documents), 'pod/a', 'pod/b:80'));
  const reached: ProbeResult = { kind: 'answered' };
  const refused: ProbeResult = { kind: 'refused', errno: 'ECONNREFUSED' };

  it.each([
    ['allowed and reached', open, reached, 'reached', false],
    ['allowed and refused', open, refused, 'refused', true],
    ['allowed and silent', open, { kind: 'timeout' }, 'silent', true],
    ['denied and reached', closed, reached, 'reached', true],
    ['denied and refused', closed, refused, 'refused', false],
    ['denied and silent', closed, { kind: 'timeout' }, 'silent', false],
    ['allowed, but nothing could be sent', open, { kind: 'unsupported', reason: 'no SCTP' }, 'unsent', false],
  ] as const)('%s', (_, pair, result, measured, differs) => {
    expect(judgeCell(pair!, result)).toMatchObject({ measured, differs });
  });
});
