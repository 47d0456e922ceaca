/** NetworkPolicies: whom they select, whom and what their rules name, and what the API server refuses. */
import { describe, expect, it } from 'vitest';
import type { NetworkPolicy } from '../../src/model/network-policy.ts';
import { clusterOf, errors, modelled } from './cluster.ts';
import { namespaceObject, pod, policy, stream, topology } from './objects.ts';

const LAB = topology({ nodes: [{ name: 'node1' }] });

function only(...documents: readonly string[]): NetworkPolicy {
  const { policies } = clusterOf(stream(LAB, ...documents));
  expect(policies).toHaveLength(1);
  return policies[0]!;
}

describe('a policy selects', () => {
  const pods = [
    pod('web', { labels: { app: 'web', tier: 'front' } }),
    pod('db', { labels: { app: 'db' } }),
    pod('bare'),
    pod('other', { namespace: 'prod', labels: { app: 'web' } }),
    pod('host', { labels: { app: 'web' }, spec: { hostNetwork: true } }),
  ];

  it.each([
    ['every pod of its namespace by an empty selector', {}, ['web', 'db', 'bare']],
    ['those with all the labels', { matchLabels: { app: 'web', tier: 'front' } }, ['web']],
    ['nobody, where a label is missing', { matchLabels: { app: 'web', tier: 'back' } }, []],
    ['by In', { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'db'] }] }, ['web', 'db']],
    [
      'by NotIn, those without the label, too',
      { matchExpressions: [{ key: 'app', operator: 'NotIn', values: ['web'] }] },
      ['db', 'bare'],
    ],
    ['by Exists', { matchExpressions: [{ key: 'tier', operator: 'Exists' }] }, ['web']],
    ['by DoesNotExist', { matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] }, ['db', 'bare']],
    [
      'by labels and expressions together',
      { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'tier', operator: 'DoesNotExist' }] },
      [],
    ],
  ])('%s', (_, podSelector, expected) => {
    expect(only(...pods, policy('p', { podSelector })).pods).toEqual(expected.map((name) => `pod/${name}`));
  });
});

describe('policyTypes', () => {
  it.each([
    ['left out: Ingress', {}, ['ingress']],
    ['left out, with a rule for egress: both', { egress: [{}] }, ['ingress', 'egress']],
    ['left out, without a rule for egress: Ingress', { egress: [] }, ['ingress']],
    ['empty: as if left out', { policyTypes: [], egress: [{}] }, ['ingress', 'egress']],
    ['Egress alone', { policyTypes: ['Egress'] }, ['egress']],
    ['Ingress alone, whatever rules there are', { policyTypes: ['Ingress'], egress: [{}] }, ['ingress']],
  ])('%s', (_, spec, directions) => {
    const found = only(policy('p', spec));
    expect(['ingress', 'egress'].filter((direction) => direction in found)).toEqual(directions);
  });

  it('that do not name a direction make its rules mean nothing, which is said', () => {
    const { diagnostics } = modelled(stream(LAB, policy('p', { policyTypes: ['Ingress'], egress: [{}] })));
    expect(diagnostics).toMatchObject([{ severity: 'warning', code: 'unused', at: { line: 3 } }]);
    expect(diagnostics[0]!.message).toBe('policyTypes does not name Egress: the rules here mean nothing');
  });
});

describe('a rule names', () => {
  const world = [
    namespaceObject('prod', { stage: 'prod' }),
    namespaceObject('empty', { stage: 'prod' }),
    pod('web', { labels: { app: 'web' } }),
    pod('db', { labels: { app: 'db' } }),
    pod('web', { namespace: 'prod', labels: { app: 'web' } }),
    pod('db', { namespace: 'prod', labels: { app: 'db' } }),
    pod('web', { namespace: 'dev', labels: { app: 'web' } }),
    pod('node', { labels: { app: 'web' }, spec: { hostNetwork: true } }),
  ];
  const namesOf = (...from: object[]) => {
    const [rule] = only(...world, policy('p', { ingress: [{ from }] })).ingress!;
    return rule!.peers?.flatMap((peer) => (peer.kind === 'pods' ? peer.pods : peer.cidr.text));
  };

  it.each([
    ['pods of its own namespace', [{ podSelector: { matchLabels: { app: 'web' } } }], ['pod/web']],
    ['all pods of its own namespace', [{ podSelector: {} }], ['pod/web', 'pod/db']],
    [
      'all pods of namespaces',
      [{ namespaceSelector: { matchLabels: { stage: 'prod' } } }],
      ['pod/prod/web', 'pod/prod/db'],
    ],
    [
      'all pods of all namespaces',
      [{ namespaceSelector: {} }],
      ['pod/prod/web', 'pod/prod/db', 'pod/web', 'pod/db', 'pod/dev/web'],
    ],
    [
      'namespaces by the name they are labelled with, without an object of theirs',
      [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'dev' } } }],
      ['pod/dev/web'],
    ],
    [
      'pods of namespaces, both in one peer',
      [{ namespaceSelector: { matchLabels: { stage: 'prod' } }, podSelector: { matchLabels: { app: 'db' } } }],
      ['pod/prod/db'],
    ],
    [
      'namespaces, and pods as well, in two peers',
      [{ namespaceSelector: { matchLabels: { stage: 'prod' } } }, { podSelector: { matchLabels: { app: 'db' } } }],
      ['pod/prod/web', 'pod/prod/db', 'pod/db'],
    ],
    ['a range, its host bits cleared', [{ ipBlock: { cidr: '10.0.0.7/24' } }], ['10.0.0.0/24']],
  ])('%s', (_, from, expected) => {
    expect(namesOf(...from)).toEqual(expected);
  });

  it('a label that the API server sets is not the one a manifest gives', () => {
    const labels = { 'kubernetes.io/metadata.name': 'prod' };
    const from = [{ namespaceSelector: { matchLabels: labels } }];
    const found = only(
      namespaceObject('dev', labels),
      pod('web', { namespace: 'dev' }),
      policy('p', { ingress: [{ from }] }),
    );
    expect(found.ingress![0]!.peers).toMatchObject([{ pods: [] }]);
  });

  it('everybody, when its peers are left out or empty, and all ports likewise', () => {
    const { ingress } = only(policy('p', { ingress: [{}, { from: [], ports: [] }] }));
    expect(ingress!.map(({ origin: _, ...rule }) => rule)).toEqual([{}, {}]);
  });

  it('ports of TCP unless something else is said', () => {
    const ports = [{}, { port: 80 }, { port: 'http', protocol: 'UDP' }, { port: 1, endPort: 9, protocol: 'SCTP' }];
    expect(only(policy('p', { ingress: [{ ports }] })).ingress![0]!.ports).toEqual([
      { protocol: 'TCP' },
      { protocol: 'TCP', port: 80 },
      { protocol: 'UDP', port: 'http' },
      { protocol: 'SCTP', port: 1, endPort: 9 },
    ]);
  });
});

/** Columns are those of one-line JSON. */
describe('refused as the API server refuses it:', () => {
  const rule = (port: object) => ({ ingress: [{ ports: [port] }] });
  const peer = (from: object) => ({ ingress: [{ from: [from] }] });
  it.each([
    ['endPort without port', rule({ endPort: 90 }), 'endPort ends a range'],
    ['endPort smaller than port', rule({ port: 90, endPort: 80 }), 'endPort 80 is smaller than port 90'],
    ['endPort with the name of a port', rule({ port: 'http', endPort: 90 }), 'port is the name "http"'],
    ['a peer that names nobody', peer({}), 'names nobody'],
    [
      'ipBlock and a selector in one peer',
      peer({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }),
      'either an ipBlock',
    ],
    [
      'an exception outside the range',
      peer({ ipBlock: { cidr: '10.0.0.0/16', except: ['10.1.0.0/24'] } }),
      '10.1.0.0/24 is no part of 10.0.0.0/16',
    ],
    [
      'an exception as large as the range',
      peer({ ipBlock: { cidr: '10.0.0.0/16', except: ['10.0.0.0/16'] } }),
      'is no part of',
    ],
    [
      'an exception of the other family',
      peer({ ipBlock: { cidr: '10.0.0.0/16', except: ['fd00::/64'] } }),
      'is no part of',
    ],
    ['three policyTypes', { policyTypes: ['Ingress', 'Egress', 'Ingress'] }, 'more than the two types'],
    ['a key that is none', { podSelector: { matchLabels: { '-a': 'b' } } }, 'cannot be the key'],
    ['a value that is none', peer({ namespaceSelector: { matchLabels: { a: 'b c' } } }), 'cannot be the value'],
  ])('%s', (_, spec, message) => {
    const { diagnostics } = modelled(stream(LAB, policy('p', spec)));
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({ severity: 'error', at: { line: 3 } });
    expect(diagnostics[0]!.code).toMatch(/^invalid-(policy|selector)$/);
    expect(diagnostics[0]!.message).toContain(message);
    expect(diagnostics[0]!.help).toBeDefined();
  });

  it.each([
    ['a port that is none', rule({ port: 0 })],
    ['a name that is none', rule({ port: 'much-too-long-for-a-port' })],
    ['a protocol that is none', rule({ protocol: 'ICMP' })],
    ['a type that is none', { policyTypes: ['Both'] }],
    ['a range that is none', peer({ ipBlock: { cidr: '10.0.0.0' } })],
    ['In without values', { podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }],
    ['Exists with values', { podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } }],
  ])('%s', (_, spec) => {
    expect(errors(stream(LAB, policy('p', spec)))).toHaveLength(1);
  });

  it('a field that is not there, with a guess', () => {
    const [diagnostic] = modelled(stream(LAB, policy('p', { ingress: [{ fro: [] }] }))).diagnostics;
    expect(diagnostic).toMatchObject({ code: 'unknown-field' });
    expect(diagnostic!.help).toContain('did you mean "from"?');
  });

  it('two policies of one name in one namespace, but not in two', () => {
    expect(errors(stream(LAB, policy('p'), policy('p')))).toHaveLength(1);
    expect(errors(stream(LAB, policy('p'), policy('p', {}, 'prod')))).toEqual([]);
  });
});
