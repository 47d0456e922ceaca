/** Whether policies allow a connection: Kubernetes' rules, one after the other. */
import { describe, expect, it } from 'vitest';
import type { Pod } from '../../src/model/cluster.ts';
import { type End, type Permission, permissionOf } from '../../src/model/policy-verdict.ts';
import { clusterOf, nodeOf, podOf } from './cluster.ts';
import { pod, policy, stream, topology } from './objects.ts';

const WORLD = [
  topology({ nodes: [{ name: 'node1' }, { name: 'node2' }] }),
  pod('web', { node: 'node1', labels: { app: 'web' }, ports: [{ name: 'http', port: 8080 }] }),
  pod('api', { node: 'node2', labels: { app: 'api' }, ports: [{ name: 'http', port: 9090 }] }),
  pod('db', { node: 'node2', labels: { app: 'db' }, ports: [{ name: 'sql', port: 5432 }] }),
];
const DB = { podSelector: { matchLabels: { app: 'db' } } };
const WEB = { podSelector: { matchLabels: { app: 'web' } } };

function end(whole: Pod): End {
  return { pod: whole, address: whole.address };
}

function verdict(
  policies: readonly string[],
  from: string,
  to: string,
  port = 80,
  protocol: 'TCP' | 'UDP' = 'TCP',
): Permission {
  const cluster = clusterOf(stream(...WORLD, ...policies));
  const endOf = (text: string): End => {
    const [kind, name = ''] = text.split('/');
    if (kind === 'pod') return end(podOf(cluster, name));
    if (kind === 'node') return { node: nodeOf(cluster, name), address: nodeOf(cluster, name).address };
    return { address: text };
  };
  return permissionOf(cluster.policies, { from: endOf(from), to: endOf(to), port, protocol });
}

const isAllowed = (...parameters: Parameters<typeof verdict>) => verdict(...parameters).allowed;

describe('who is not selected', () => {
  it('may send to and get from everybody', () => {
    expect(verdict([], 'pod/web', 'pod/db')).toEqual({
      allowed: true,
      egress: { allowed: true },
      ingress: { allowed: true },
    });
  });

  it('in one direction is selected in that one alone', () => {
    const policies = [policy('p', DB)];
    expect(isAllowed(policies, 'pod/web', 'pod/db')).toBe(false);
    expect(isAllowed(policies, 'pod/db', 'pod/web')).toBe(true);
  });
});

describe('a policy without rules', () => {
  it('says so, by its name', () => {
    const { egress, ingress } = verdict([policy('nobody', DB)], 'pod/web', 'pod/db');
    expect(egress).toEqual({ allowed: true });
    expect(ingress).toEqual({ allowed: false, because: ['nobody allows no ingress'] });
  });

  it('leaves the pod itself and its node', () => {
    const policies = [policy('nobody', { policyTypes: ['Ingress', 'Egress'] })];
    expect(isAllowed(policies, 'pod/db', 'pod/db')).toBe(true);
    expect(isAllowed(policies, 'node/node2', 'pod/db')).toBe(true);
    expect(isAllowed(policies, 'node/node1', 'pod/db')).toBe(false);
  });
});

describe('several policies', () => {
  const policies = [policy('nobody'), policy('web', { ...DB, ingress: [{ from: [WEB] }] })];

  it('allow what any of them allows, and say which', () => {
    expect(verdict(policies, 'pod/web', 'pod/db').ingress).toEqual({ allowed: true, by: 'web ingress[0]' });
  });

  it('are all named when none does', () => {
    expect(verdict(policies, 'pod/api', 'pod/db').ingress).toEqual({
      allowed: false,
      because: ['nobody allows no ingress', 'web ingress[0] names others'],
    });
  });
});

describe('both directions count:', () => {
  const out = policy('out', { ...WEB, policyTypes: ['Egress'], egress: [{ to: [DB] }] });
  const into = policy('into', { ...DB, ingress: [{ from: [WEB] }] });

  it.each([
    ['one that lets out and nobody who keeps from coming in', [out], true],
    ['one that lets in and nobody who keeps from going out', [into], true],
    ['one that lets out, and another that lets in', [out, into], true],
    ['one that lets out, and one that lets nobody in', [out, policy('closed', DB)], false],
    [
      'one that lets in, and one that lets nobody out',
      [into, policy('closed', { ...WEB, policyTypes: ['Egress'] })],
      false,
    ],
  ])('%s', (_, policies, expected) => {
    expect(isAllowed(policies, 'pod/web', 'pod/db')).toBe(expected);
  });
});

describe('a rule needs the peer and the port', () => {
  const rule = (ports: object[]) => [policy('p', { ...DB, ingress: [{ from: [WEB], ports }] })];

  it.each([
    ['the port', [{ port: 5432 }], 5432, true],
    ['another port', [{ port: 5432 }], 5433, false],
    ['one of several', [{ port: 80 }, { port: 5432 }], 5432, true],
    ['all ports of the protocol', [{}], 1, true],
    ['the first of a range', [{ port: 100, endPort: 200 }], 100, true],
    ['the last of a range', [{ port: 100, endPort: 200 }], 200, true],
    ['the one after a range', [{ port: 100, endPort: 200 }], 201, false],
    ['the name of the receiver', [{ port: 'sql' }], 5432, true],
    ['a name that the receiver does not have', [{ port: 'http' }], 8080, false],
    ['a port of UDP', [{ port: 5432, protocol: 'UDP' }], 5432, false],
  ])('%s', (_, ports, port, expected) => {
    expect(isAllowed(rule(ports), 'pod/web', 'pod/db', port)).toBe(expected);
    expect(isAllowed(rule(ports), 'pod/api', 'pod/db', port)).toBe(false);
  });

  it('and says which of them it lacks', () => {
    const because = (from: string, port: number) => verdict(rule([{ port: 5432 }]), from, 'pod/db', port).ingress;
    expect(because('pod/web', 80)).toEqual({ allowed: false, because: ['p ingress[0] allows other ports'] });
    expect(because('pod/api', 5432)).toEqual({ allowed: false, because: ['p ingress[0] names others'] });
  });

  it('a name means another number in another pod', () => {
    const policies = [policy('p', { ...WEB, policyTypes: ['Egress'], egress: [{ ports: [{ port: 'http' }] }] })];
    expect(isAllowed(policies, 'pod/web', 'pod/api', 9090)).toBe(true);
    expect(isAllowed(policies, 'pod/web', 'pod/api', 8080)).toBe(false);
    expect(isAllowed(policies, 'pod/web', '10.0.0.1', 9090)).toBe(false);
  });
});

describe('a range', () => {
  const policies = [
    policy('p', { ...DB, ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] }] }),
  ];

  it.each([
    ['10.2.0.1', true],
    ['10.1.0.1', false],
    ['192.0.2.1', false],
    ['pod/web', true],
  ])('has %s: %s', (from, expected) => {
    expect(isAllowed(policies, from, 'pod/db')).toBe(expected);
  });

  it('of another peer does not mind exceptions of this one', () => {
    const both = [
      policy('p', {
        ...DB,
        ingress: [
          {
            from: [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }, { ipBlock: { cidr: '10.1.0.0/24' } }],
          },
        ],
      }),
    ];
    expect(isAllowed(both, '10.1.0.1', 'pod/db')).toBe(true);
    expect(isAllowed(both, '10.1.1.1', 'pod/db')).toBe(false);
  });
});
