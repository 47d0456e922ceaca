/** Pods that want to be near others, or far from them, or spread. */
import { describe, expect, it } from 'vitest';
import { clusterOf, error, errors } from '../cluster.ts';
import { pod, stream, topology, workload } from '../objects.ts';

const ZONES = topology({
  nodes: [
    { name: 'a1', labels: { zone: 'a' } },
    { name: 'a2', labels: { zone: 'a' } },
    { name: 'b1', labels: { zone: 'b' } },
    { name: 'lost' },
  ],
});
const HOSTNAME = 'kubernetes.io/hostname';
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution';
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution';

function placements(...documents: readonly string[]): string[] {
  return clusterOf(stream(ZONES, ...documents)).pods.map(({ name, node }) => `${name} ${node.name}`);
}

const like = (app: string, topologyKey: string, rest: object = {}) => ({
  labelSelector: { matchLabels: { app } },
  topologyKey,
  ...rest,
});
const near = (...terms: readonly object[]) => ({ spec: { affinity: { podAffinity: { [REQUIRED]: terms } } } });
const far = (...terms: readonly object[]) => ({ spec: { affinity: { podAntiAffinity: { [REQUIRED]: terms } } } });
const db = (node: string, fields: object = {}) => pod('db', { labels: { app: 'db' }, node, ...fields });

describe('podAffinity', () => {
  it('puts a pod into the domain of one that it selects', () => {
    expect(placements(db('b1'), pod('web', near(like('db', 'zone'))))).toContain('web b1');
    expect(placements(db('a2'), pod('web', near(like('db', 'zone'))))).toContain('web a1');
    expect(placements(db('a2'), pod('web', near(like('db', HOSTNAME))))).toContain('web a2');
  });

  it('waits for a pod that stands later', () => {
    expect(placements(pod('web', near(like('db', HOSTNAME))), pod('x'), pod('db', { labels: { app: 'db' } }))).toEqual([
      'web a2',
      'x a1',
      'db a2',
    ]);
  });

  it('needs one pod for all its terms at once', () => {
    const both = near(like('db', 'zone'), { labelSelector: { matchLabels: { tier: 'x' } }, topologyKey: 'zone' });
    expect(
      errors(stream(ZONES, db('a1'), pod('t', { labels: { tier: 'x' }, node: 'a1' }), pod('web', both))),
    ).toHaveLength(1);
    expect(placements(db('a1', { labels: { app: 'db', tier: 'x' } }), pod('web', both))).toContain('web a2');
  });

  it('lets the first of a group go anywhere that has the label', () => {
    const fields = { labels: { app: 'web' }, replicas: 3, ...near(like('web', 'zone')) };
    expect(placements(workload('web', fields))).toEqual(['web-0 a1', 'web-1 a2', 'web-2 a1']);
  });

  it('looks into its own namespace, unless it names or selects others', () => {
    const other = db('b1', { namespace: 'prod' });
    const wanting = (rest: object) => stream(ZONES, other, pod('web', near(like('db', 'zone', rest))));
    const prod = '{"apiVersion":"v1","kind":"Namespace","metadata":{"name":"prod","labels":{"team":"x"}}}';
    const byLabel = (labels: object) => ({ namespaceSelector: { matchLabels: labels } });
    expect(errors(wanting({}))).toHaveLength(1);
    expect(errors(wanting({ namespaces: ['prod'] }))).toEqual([]);
    expect(errors(wanting({ namespaceSelector: {} }))).toEqual([]);
    expect(errors(wanting(byLabel({ 'kubernetes.io/metadata.name': 'prod' })))).toEqual([]);
    expect(errors(wanting(byLabel({ team: 'x' })))).toHaveLength(1);
    expect(errors(stream(prod, wanting(byLabel({ team: 'x' }))))).toEqual([]);
  });

  it('that nothing satisfies says what is not there', () => {
    expect(error(stream(ZONES, pod('web', near(like('db', 'zone')))))).toMatchObject({
      code: 'unschedulable',
      message:
        "0/4 nodes are available for pod/web: 4 node(s) didn't match pod affinity rules: node/a1 has no pod with app=db near it; node/a2 has no pod with app=db near it; node/b1 has no pod with app=db near it; and so on for 4 nodes",
    });
  });

  it('selects nothing without a labelSelector', () => {
    expect(errors(stream(ZONES, db('a1'), pod('web', near({ topologyKey: 'zone' }))))).toHaveLength(1);
  });
});

describe('podAntiAffinity', () => {
  it('puts replicas on nodes of their own, and refuses what is more than there are', () => {
    const fields = { labels: { app: 'web' }, ...far(like('web', HOSTNAME)) };
    expect(placements(workload('web', { ...fields, replicas: 4 }))).toEqual([
      'web-0 a1',
      'web-1 a2',
      'web-2 b1',
      'web-3 lost',
    ]);
    expect(error(stream(ZONES, workload('web', { ...fields, replicas: 5 }))).message).toMatch(
      /^0\/4 nodes are available for pod\/web-4: 4 node\(s\) didn't match pod anti-affinity rules: node\/a1 has pod\/web-0 near it;/,
    );
  });

  it('counts by domain; a node without the label is in none', () => {
    expect(placements(db('a1'), pod('x', { node: 'b1' }), pod('web', far(like('db', 'zone'))))).toContain('web lost');
    expect(placements(db('a1'), pod('x', { node: 'lost' }), pod('web', far(like('db', 'zone'))))).toContain('web b1');
  });

  it('holds for later pods as well, which it does not want', () => {
    const lonely = pod('lonely', { node: 'a1', ...far(like('web', 'zone')) });
    expect(placements(lonely, pod('web', { labels: { app: 'web' } }))).toContain('web b1');
    const everywhere = ['a1', 'a2', 'b1', 'lost'].map((node) => pod(node, { node, ...far(like('web', HOSTNAME)) }));
    expect(error(stream(ZONES, ...everywhere, pod('web', { labels: { app: 'web' } }))).message).toContain(
      "4 node(s) didn't satisfy existing pods anti-affinity rules",
    );
  });

  it('compares by the pod’s own labels with matchLabelKeys and mismatchLabelKeys', () => {
    const release = (fields: object) => ({
      labels: { app: 'web', release: '2' },
      ...far(like('web', HOSTNAME, fields)),
    });
    const old = ['a1', 'a2', 'b1', 'lost'].map((node) => pod(node, { node, labels: { app: 'web', release: '1' } }));
    expect(errors(stream(ZONES, ...old, pod('new', release({}))))).toHaveLength(1);
    expect(errors(stream(ZONES, ...old, pod('new', release({ matchLabelKeys: ['release'] }))))).toEqual([]);
    expect(errors(stream(ZONES, ...old, pod('new', release({ mismatchLabelKeys: ['release'] }))))).toHaveLength(1);
  });
});

describe('preferred pod affinity', () => {
  const wish = (kind: string, weight: number, term: object) => ({
    spec: { affinity: { [kind]: { [PREFERRED]: [{ weight, podAffinityTerm: term }] } } },
  });

  it('draws pods together, or apart', () => {
    expect(placements(db('b1'), pod('web', wish('podAffinity', 1, like('db', HOSTNAME))))).toContain('web b1');
    expect(placements(db('a1'), pod('web', wish('podAntiAffinity', 1, like('db', 'zone'))))).toContain('web b1');
  });

  it('is felt by the pods that others wish for as well', () => {
    const fan = pod('fan', { node: 'b1', ...wish('podAffinity', 1, like('web', HOSTNAME)) });
    expect(placements(fan, pod('web', { labels: { app: 'web' } }))).toContain('web b1');
    const tied = pod('tied', { node: 'b1', ...near(like('tied', HOSTNAME)), labels: { app: 'tied' } });
    expect(placements(tied, pod('x', { labels: { app: 'tied' } }))).toContain('x b1');
  });

  it('is no condition', () => {
    expect(placements(pod('web', wish('podAffinity', 100, like('db', HOSTNAME))))).toEqual(['web a1']);
  });

  it.each([0, 101])('has a weight from 1 to 100, not %i', (weight) => {
    expect(error(stream(ZONES, pod('web', wish('podAffinity', weight, like('db', 'zone'))))).message).toContain(
      'must be from 1 to 100',
    );
  });
});

describe('topologySpreadConstraints', () => {
  const spread = (fields: object = {}) => ({
    labels: { app: 'web' },
    spec: {
      topologySpreadConstraints: [
        {
          maxSkew: 1,
          topologyKey: 'zone',
          whenUnsatisfiable: 'DoNotSchedule',
          labelSelector: { matchLabels: { app: 'web' } },
          ...fields,
        },
      ],
    },
  });

  it('keep domains within maxSkew of each other', () => {
    expect(placements(workload('web', { replicas: 5, ...spread() }))).toEqual([
      'web-0 a1',
      'web-1 b1',
      'web-2 a2',
      'web-3 b1',
      'web-4 a1',
    ]);
  });

  it('refuse what would be further apart, and nodes without the label', () => {
    const taken = ['x', 'y'].map((name) => pod(name, { node: 'a1', labels: { app: 'web' } }));
    const nodeSelector = { zone: 'a' };
    const { spec } = spread({ nodeAffinityPolicy: 'Ignore' });
    expect(
      error(stream(ZONES, ...taken, pod('web', { labels: { app: 'web' }, spec: { ...spec, nodeSelector } }))).message,
    ).toMatch(
      /2 node\(s\) didn't match pod topology spread constraints: node\/a1 has 2 of these pods in zone=a, where the fewest are 0/,
    );
    const onLost = { ...spread().spec, nodeSelector: { [HOSTNAME]: 'lost' } };
    expect(error(stream(ZONES, pod('web', { labels: { app: 'web' }, spec: onLost }))).message).toContain(
      "1 node(s) didn't match pod topology spread constraints (missing required label)",
    );
  });

  it('count the domains only that the pod may be in', () => {
    const taken = ['x', 'y'].map((name) => pod(name, { node: 'a1', labels: { app: 'web' } }));
    const { spec } = spread();
    const text = stream(
      ZONES,
      ...taken,
      pod('web', { labels: { app: 'web' }, spec: { ...spec, nodeSelector: { zone: 'a' } } }),
    );
    expect(errors(text)).toEqual([]);
  });

  it('do not count pods that are going, or are in other namespaces', () => {
    const going = { metadata: { deletionTimestamp: '2024-01-01T00:00:00Z' } };
    const taken = [
      pod('x', { node: 'b1', labels: { app: 'web' }, ...going }),
      pod('y', { node: 'b1', labels: { app: 'web' }, namespace: 'prod' }),
      pod('z', { node: 'a1', labels: { app: 'web' } }),
    ];
    expect(placements(...taken, pod('web', spread()))).toContain('web b1');
  });

  it('take the fewest for none where there are fewer than minDomains', () => {
    const fields = { replicas: 4, ...spread({ minDomains: 3 }) };
    expect(errors(stream(ZONES, workload('web', fields)))).toHaveLength(1);
    expect(placements(workload('web', { ...fields, replicas: 2 }))).toEqual(['web-0 a1', 'web-1 b1']);
  });

  it('are wishes with ScheduleAnyway', () => {
    const taken = ['x', 'y'].map((name) => pod(name, { node: 'a1', labels: { app: 'web' } }));
    const others = ['o', 'p', 'q'].map((name) => pod(name, { node: 'b1' }));
    expect(placements(...taken, ...others, pod('web', spread({ whenUnsatisfiable: 'ScheduleAnyway' })))).toContain(
      'web b1',
    );
    const everywhere = [...taken, ...others, pod('web', { ...spread({ whenUnsatisfiable: 'ScheduleAnyway' }) })];
    expect(errors(stream(ZONES, ...everywhere))).toEqual([]);
  });
});
