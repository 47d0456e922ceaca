/** The pods that workloads ask for: how many, their names and labels, and what is refused. */
import { describe, expect, it } from 'vitest';
import { yaml } from '../parse/yaml-text.ts';
import { clusterOf, error, errors, serviceOf } from './cluster.ts';
import { pod, service, stream, topology, type WorkloadFields, workload } from './objects.ts';

const TWO_NODES = topology({ nodes: [{ name: 'node1', labels: { disk: 'ssd' } }, { name: 'node2' }] });

function placements(...documents: readonly string[]): string[] {
  return clusterOf(stream(TWO_NODES, ...documents)).pods.map(({ place, node: on }) => `${place} on ${on.name}`);
}

describe('replicas', () => {
  it.each(['Deployment', 'ReplicaSet', 'ReplicationController'] as const)(
    'of a %s are called NAME-0, NAME-1, … and spread',
    (kind) => {
      expect(placements(workload('web', { kind, replicas: 3 }))).toEqual([
        'pod/web-0 on node1',
        'pod/web-1 on node2',
        'pod/web-2 on node1',
      ]);
    },
  );

  it('are one when nothing is said, and none when 0 is', () => {
    expect(placements(workload('web'))).toEqual(['pod/web-0 on node1']);
    expect(placements(workload('web', { replicas: 0 }))).toEqual([]);
  });

  it('have labels and ports of the template, and the namespace and line of the workload', () => {
    const text = stream(TWO_NODES, workload('web', { namespace: 'prod', labels: { tier: 'x' }, ports: [8080] }));
    expect(clusterOf(text).pods[0]).toMatchObject({
      place: 'pod/prod/web-0',
      labels: { tier: 'x' },
      ports: [{ port: 8080 }],
      origin: { file: 'lab.yaml', line: 3 },
    });
  });

  it('that share a name with a pod are refused', () => {
    const text = stream(TWO_NODES, pod('web-1'), workload('web', { replicas: 2 }));
    expect(error(text)).toMatchObject({
      code: 'duplicate-name',
      message: 'pod/web-1 stands here twice',
      at: { line: 5 },
    });
  });
});

describe('a StatefulSet', () => {
  const set = (own: object, fields: WorkloadFields = {}) => workload('db', { kind: 'StatefulSet', own, ...fields });

  it('has pods with names that stay, in the domain of its Service', () => {
    const { pods } = clusterOf(stream(TWO_NODES, set({ serviceName: 'dbs' }, { replicas: 2 })));
    expect(pods.map(({ name, hostname, subdomain }) => [name, hostname, subdomain])).toEqual([
      ['db-0', 'db-0', 'dbs'],
      ['db-1', 'db-1', 'dbs'],
    ]);
  });

  it('counts from ordinals.start', () => {
    expect(placements(set({ ordinals: { start: 5 } }, { replicas: 2 }))).toEqual([
      'pod/db-5 on node1',
      'pod/db-6 on node2',
    ]);
  });

  it('gives each pod labels that a Service can select it by', () => {
    const cluster = clusterOf(
      stream(
        TWO_NODES,
        set({}, { replicas: 3 }),
        service('one', { selector: { 'statefulset.kubernetes.io/pod-name': 'db-1' } }),
        service('first', { selector: { 'apps.kubernetes.io/pod-index': '0' } }),
      ),
    );
    const targets = (name: string) => serviceOf(cluster, name).ports[0]!.endpoints.map(({ pod: place }) => place);
    expect([targets('one'), targets('first')]).toEqual([['pod/db-1'], ['pod/db-0']]);
  });

  it('that cannot be part of a hostname is refused', () => {
    expect(error(stream(TWO_NODES, workload('db.v2', { kind: 'StatefulSet' })))).toMatchObject({
      code: 'invalid-value',
      message: "the name of StatefulSet db.v2 is part of its pods' hostnames, and cannot be one",
    });
  });
});

describe('a DaemonSet', () => {
  const daemon = (fields: WorkloadFields = {}) => workload('agent', { kind: 'DaemonSet', ...fields });

  it('has a pod on every node, whatever else is there', () => {
    expect(placements(pod('a', { node: 'node1' }), pod('b', { node: 'node1' }), daemon())).toEqual([
      'pod/a on node1',
      'pod/b on node1',
      'pod/agent-0 on node1',
      'pod/agent-1 on node2',
    ]);
  });

  it('has none where its template does not want it', () => {
    expect(placements(daemon({ spec: { nodeSelector: { disk: 'ssd' } } }))).toEqual(['pod/agent-0 on node1']);
    expect(placements(daemon({ node: 'node2' }))).toEqual(['pod/agent-0 on node2']);
    expect(placements(daemon({ spec: { nodeSelector: { disk: 'none' } } }))).toEqual([]);
  });

  it('is refused where a port of one of the nodes is taken', () => {
    const ports = [{ containerPort: 80, hostPort: 80 }];
    const spec = { containers: [{ name: 'app', ports }] };
    expect(errors(stream(TWO_NODES, pod('a', { node: 'node2', spec }), daemon({ spec })))).toEqual([
      expect.stringContaining('unschedulable'),
    ]);
  });
});

describe('a Job', () => {
  const job = (own: object, fields: WorkloadFields = {}) => workload('sum', { kind: 'Job', own, ...fields });

  it.each([
    [{}, 1],
    [{ completions: 5 }, 1],
    [{ parallelism: 3 }, 3],
    [{ completions: 5, parallelism: 3 }, 3],
    [{ completions: 2, parallelism: 3 }, 2],
    [{ completions: 5, parallelism: 0 }, 0],
    [{ completions: 5, parallelism: 3, suspend: true }, 0],
  ])('with %j has %i pods at first', (own, count) => {
    expect(placements(job(own))).toHaveLength(count);
  });

  it.each(['Complete', 'Failed'])('that is over has none: %s', (type) => {
    expect(placements(job({}, { status: { conditions: [{ type, status: 'True' }] } }))).toEqual([]);
    expect(placements(job({}, { status: { conditions: [{ type, status: 'False' }] } }))).toHaveLength(1);
  });

  it('has the labels that the API server gives its template', () => {
    expect(clusterOf(stream(TWO_NODES, job({}))).pods[0]!.labels).toEqual({
      app: 'sum',
      'batch.kubernetes.io/job-name': 'sum',
      'job-name': 'sum',
    });
    const manual = job({ manualSelector: true, selector: { matchLabels: { app: 'sum' } } });
    expect(clusterOf(stream(TWO_NODES, manual)).pods[0]!.labels).toEqual({ app: 'sum' });
  });

  it('that is Indexed gives each pod its index, as a label and in its hostname', () => {
    const indexed = job({ completionMode: 'Indexed', completions: 4, parallelism: 2 });
    const { pods } = clusterOf(stream(TWO_NODES, indexed));
    const index = 'batch.kubernetes.io/job-completion-index';
    expect(pods.map(({ hostname, labels }) => [hostname, labels[index]])).toEqual([
      ['sum-0', '0'],
      ['sum-1', '1'],
    ]);
  });

  it('must not restart what has ended well', () => {
    const text = stream(TWO_NODES, job({}).replace('"Never"', '"Always"'));
    expect(error(text)).toMatchObject({
      code: 'invalid-value',
      message: 'the restartPolicy of Job sum cannot be Always',
      help: 'allowed: OnFailure, Never',
    });
  });
});

describe('a workload that the API server would not take', () => {
  const KINDS = ['Deployment', 'ReplicaSet', 'StatefulSet', 'DaemonSet'] as const;

  it('has a selector that is not for its own pods: refused where the labels stand', () => {
    const text = yaml`
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: web }
      spec:
        selector:
          matchLabels: { app: web }
        template:
          metadata:
            labels: { app: wbe }
          spec: { containers: [{ name: app }] }
    `;
    expect(error(text)).toMatchObject({
      code: 'selector-mismatch',
      message: 'Deployment web selects app=web, and its pods have app=wbe',
      at: { line: 9, column: 15 },
    });
  });

  it.each(KINDS)('has an empty selector: %s', (kind) => {
    expect(error(stream(TWO_NODES, workload('web', { kind, own: { selector: {} } })))).toMatchObject({
      code: 'invalid-value',
      message: `the selector of ${kind} web is empty, and would select every pod`,
    });
  });

  it.each(KINDS)('does not restart its containers: %s', (kind) => {
    expect(error(stream(TWO_NODES, workload('web', { kind, spec: { restartPolicy: 'Never' } })))).toMatchObject({
      code: 'invalid-value',
      help: 'allowed: Always',
    });
  });

  it.each([
    [{ key: 'app', operator: 'In', values: ['web', 'db'] }, true],
    [{ key: 'app', operator: 'In', values: ['db'] }, false],
    [{ key: 'app', operator: 'NotIn', values: ['db'] }, true],
    [{ key: 'app', operator: 'NotIn', values: ['web'] }, false],
    [{ key: 'tier', operator: 'NotIn', values: ['web'] }, true],
    [{ key: 'app', operator: 'Exists' }, true],
    [{ key: 'tier', operator: 'Exists' }, false],
    [{ key: 'tier', operator: 'DoesNotExist' }, true],
    [{ key: 'app', operator: 'DoesNotExist' }, false],
  ])('but selects by expressions as well: %j', (expression, isOwn) => {
    const text = stream(TWO_NODES, workload('web', { own: { selector: { matchExpressions: [expression] } } }));
    expect(errors(text)).toHaveLength(isOwn ? 0 : 1);
  });

  it.each([
    { key: 'app', operator: 'In' },
    { key: 'app', operator: 'NotIn', values: [] },
    { key: 'app', operator: 'Exists', values: ['web'] },
  ])('has an expression with too many or too few values: %j', (expression) => {
    expect(
      error(stream(TWO_NODES, workload('web', { own: { selector: { matchExpressions: [expression] } } }))),
    ).toMatchObject({ code: 'invalid-value', message: expect.stringContaining('must have values with the operators') });
  });

  it('leaves the selector of a ReplicationController out', () => {
    const text = stream(TWO_NODES, workload('web', { kind: 'ReplicationController', own: { selector: undefined } }));
    expect(clusterOf(text).pods.map(({ name }) => name)).toEqual(['web-0']);
  });
});

describe('in a dump of a cluster', () => {
  const ownedBy = (kind: string, name: string) => ({ metadata: { ownerReferences: [{ kind, name, uid: 'x' }] } });

  it('a workload whose pods are there is not expanded again', () => {
    const text = stream(
      TWO_NODES,
      workload('web', { replicas: 2 }),
      workload('web-5d4f', { kind: 'ReplicaSet', replicas: 2, ...ownedBy('Deployment', 'web') }),
      pod('web-5d4f-abcde', { ...ownedBy('ReplicaSet', 'web-5d4f') }),
      pod('web-5d4f-fghij', { ...ownedBy('ReplicaSet', 'web-5d4f') }),
    );
    expect(clusterOf(text).pods.map(({ name }) => name)).toEqual(['web-5d4f-abcde', 'web-5d4f-fghij']);
  });

  it('a Deployment whose ReplicaSet is there is expanded once, by the ReplicaSet', () => {
    const text = stream(
      TWO_NODES,
      workload('web', { replicas: 2 }),
      workload('web-5d4f', { kind: 'ReplicaSet', replicas: 2, ...ownedBy('Deployment', 'web') }),
    );
    expect(clusterOf(text).pods.map(({ name }) => name)).toEqual(['web-5d4f-0', 'web-5d4f-1']);
  });

  it('a workload of the same name in another namespace is expanded all the same', () => {
    const text = stream(
      TWO_NODES,
      workload('web', { replicas: 1, namespace: 'prod' }),
      pod('web-abcde', { ...ownedBy('Deployment', 'web') }),
    );
    expect(clusterOf(text).pods.map(({ place }) => place)).toEqual(['pod/web-abcde', 'pod/prod/web-0']);
  });
});
