/** Steps: what each makes of the cluster, what it leaves alone, and what it cannot do. */
import { describe, expect, it } from 'vitest';
import type { Cluster } from '../../src/model/cluster.ts';
import type { StepOptions } from '../../src/model/steps.ts';
import { error, errors, modelled } from './cluster.ts';
import { pod, service, stream, topology, workload } from './objects.ts';

const NODES = [{ name: 'node1' }, { name: 'node2' }];
const web = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'web' } },
  spec: { nodeName: 'node1', containers: [{ name: 'web' }] },
});
const OBJECTS = [
  service('web', { type: 'NodePort' }),
  pod('web-0', { labels: { app: 'web' }, node: 'node1' }),
  pod('web-1', { labels: { app: 'web' }, node: 'node1' }),
];

function text(steps: readonly object[], spec: object = {}, objects: readonly string[] = OBJECTS): string {
  return stream(topology({ nodes: NODES, ...spec, steps }), ...objects);
}

/** The clusters after each step of a text that must have no error. */
function following(
  steps: readonly object[],
  objects: readonly string[] = OBJECTS,
  options: Partial<StepOptions> = {},
): Cluster[] {
  const result = modelled(text(steps, {}, objects), options);
  expect(result.diagnostics).toEqual([]);
  return result.steps.map(({ cluster }) => cluster);
}

const podsOf = ({ pods }: Cluster) => Object.fromEntries(pods.map(({ place, address }) => [place, address]));
const endpointsOf = ({ services }: Cluster) =>
  services.flatMap(({ ports }) => ports.flatMap(({ endpoints }) => endpoints.map(({ address }) => address)));

describe('after a step', () => {
  it('pods keep their addresses, and a new one has an address that none had', () => {
    const [deleted, added] = following([
      { name: 'one goes', delete: ['pod/web-0'] },
      { name: 'one comes', apply: [web('web-2')] },
    ]);
    expect(podsOf(deleted!)).toEqual({ 'pod/web-1': '10.244.1.3' });
    expect(podsOf(added!)).toEqual({ 'pod/web-1': '10.244.1.3', 'pod/web-2': '10.244.1.4' });
    expect(endpointsOf(added!)).toEqual(['10.244.1.3', '10.244.1.4']);
  });

  it('a pod that is deleted and comes back is another one', () => {
    const [replaced] = following([{ name: 'again', delete: ['pod/web-0'], apply: [web('web-0')] }]);
    expect(podsOf(replaced!)).toEqual({ 'pod/web-1': '10.244.1.3', 'pod/web-0': '10.244.1.4' });
  });

  it('a pod that is applied again is the same one', () => {
    const [applied] = following([{ name: 'again', apply: [web('web-1')] }]);
    expect(podsOf(applied!)).toEqual({ 'pod/web-0': '10.244.1.2', 'pod/web-1': '10.244.1.3' });
  });

  it('Services keep their addresses and ports, whoever else goes', () => {
    const [left] = following(
      [{ name: 'one goes', delete: ['svc/first'] }],
      [service('first', { type: 'NodePort' }), ...OBJECTS],
    );
    expect(left!.services).toMatchObject([{ name: 'web', clusterIP: '10.96.0.101', ports: [{ nodePort: 30081 }] }]);
  });

  it('a workload has replaced its pod by one of another name', () => {
    const [replaced, scaled] = following(
      [
        { name: 'one goes', delete: ['pod/web-0'] },
        { name: 'fewer', patch: { 'deployment/web': { spec: { replicas: 1 } } } },
      ],
      [workload('web', { replicas: 2, node: 'node1' })],
    );
    expect(podsOf(replaced!)).toEqual({ 'pod/web-1': '10.244.1.3', 'pod/web-2': '10.244.1.4' });
    expect(podsOf(scaled!)).toEqual({ 'pod/web-1': '10.244.1.3' });
  });

  it('pods are what they were made to be, until they are made something else', () => {
    const conditions = following([
      { name: 'fails', set: { 'pod/web-0': 'not-ready' } },
      { name: 'nothing', wait: '1s' },
      { name: 'leaves', set: { 'pod/web-0': 'terminating' } },
      { name: 'stays', set: { 'pod/web-0': 'ready' } },
    ]).map(({ pods }) => pods[0]!.conditions);
    expect(conditions).toEqual([
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: false, terminating: false },
      { ready: false, serving: true, terminating: true },
      { ready: true, serving: true, terminating: false },
    ]);
  });

  it('null in a patch takes a field away', () => {
    const [patched] = following(
      [{ name: 'other pods', patch: { 'service/web': { spec: { selector: { app: null, tier: 'front' } } } } }],
      [
        service('web'),
        pod('web-0', { labels: { app: 'web' } }),
        pod('front', { labels: { tier: 'front' }, node: 'node1' }),
      ],
    );
    expect(endpointsOf(patched!)).toEqual(['10.244.1.2']);
  });

  it('what is in a namespace goes with it', () => {
    const [left] = following(
      [{ name: 'gone', delete: ['namespace/prod'] }],
      [
        ...OBJECTS,
        JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'prod' } }),
        service('web', {}, { namespace: 'prod' }),
        workload('web', { namespace: 'prod', replicas: 2 }),
      ],
    );
    expect([left!.pods.map(({ place }) => place), left!.services.length]).toEqual([['pod/web-0', 'pod/web-1'], 1]);
  });

  it('a namespace goes that nobody has declared, and takes no machines along', () => {
    const node = JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node7' } });
    const { steps } = modelled(
      stream(
        topology({ steps: [{ name: 'gone', delete: ['ns/prod'] }] }),
        node,
        pod('web-0', { namespace: 'prod' }),
        pod('web-1'),
      ),
      { namespace: 'prod' },
    );
    expect(steps[0]!.cluster).toMatchObject({ nodes: [{ name: 'node7' }], pods: [], services: [] });
  });

  it.each(['services/web', 'svc/web', 'sts/web', 'statefulsets/web', 'netpol/web', 'networkpolicies/web'])(
    'an object is gone that is called %s',
    (name) => {
      const policy = JSON.stringify({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'web' },
        spec: { podSelector: {} },
      });
      const set = workload('web', { kind: 'StatefulSet', own: { serviceName: 'web' } });
      const { steps, diagnostics } = modelled(
        text([{ name: 'gone', delete: [name] }], {}, [service('web'), policy, set]),
      );
      expect(diagnostics.map(({ code }) => code)).toEqual(['subdomain-without-service']);
      const { services, policies, pods } = steps[0]!.cluster;
      expect([services, policies, pods].map(({ length }) => length).toSorted()).toEqual([0, 1, 1]);
    },
  );

  it('what was broken stays broken until it is mended', () => {
    const faults = [{ fault: 'no-route' }];
    const { steps } = modelled(
      text(
        [
          { name: 'one', wait: '1s' },
          { name: 'two', mend: ['no-route'], faults: [{ fault: 'no-fdb' }] },
        ],
        { faults },
      ),
    );
    expect(steps.map(({ cluster }) => cluster.faults.map(({ fault }) => fault))).toEqual([['no-route'], ['no-fdb']]);
  });

  it('changes by command follow on so many steps', () => {
    const changes = [{ sources: [], delete: ['pod/web-1'], set: { 'web-0': 'ready' } as never, namespace: 'default' }];
    const { diagnostics } = modelled(text([{ name: 'one goes', delete: ['pod/web-0'] }]), {
      made: { steps: 0, changes },
    });
    expect(diagnostics.map(({ message }) => message)).toEqual(['"web-0" names no object']);
    const right = [{ ...changes[0]!, set: {} }];
    const { steps } = modelled(text([{ name: 'one goes', delete: ['pod/web-0'] }]), {
      made: { steps: 1, changes: right },
    });
    expect(steps.map(({ cluster }) => cluster.pods.length)).toEqual([1, 0]);
  });

  it('a command with a namespace of its own leaves alone what is in the usual one', () => {
    const objects = [pod('web-0'), pod('web-0', { namespace: 'prod' })];
    const podsAfter = (change: object) => {
      const made = { steps: 0, changes: [{ sources: [], delete: [], set: {}, namespace: 'prod', ...change }] };
      const { steps, diagnostics } = modelled(stream(topology({ nodes: NODES }), ...objects), { made });
      expect(diagnostics).toEqual([]);
      return steps[0]!.cluster.pods.map(({ place, conditions }) => [place, conditions.ready]);
    };
    expect(podsAfter({ delete: ['pod/web-0'] })).toEqual([['pod/web-0', true]]);
    expect(podsAfter({ set: { 'pod/web-0': 'not-ready' } })).toEqual([
      ['pod/web-0', true],
      ['pod/prod/web-0', false],
    ]);
    expect(podsAfter({ sources: [{ name: 'more.yaml', text: pod('web-1') }] })).toEqual([
      ['pod/web-0', true],
      ['pod/prod/web-0', true],
      ['pod/prod/web-1', true],
    ]);
  });
});

describe('connections that stay', () => {
  const opens = { name: 'begins', from: 'pod/web-0', to: 'service/web:80', opens: 'download' };

  it('are sent over by later steps, from the same place to the same one', () => {
    const { steps, diagnostics } = modelled(
      text([{ name: 'later', checks: [{ name: 'goes on', on: 'download' }] }], { checks: [opens] }),
    );
    expect(diagnostics).toEqual([]);
    expect(steps[0]!.cluster.checks).toMatchObject([
      { step: 'later', on: 'download', from: { place: 'pod/web-0' }, to: { text: 'service/web:80' } },
    ]);
  });

  it('may lead to what a name stood for', () => {
    const { steps, diagnostics } = modelled(
      text([{ name: 'later', checks: [{ name: 'goes on', on: 'download' }] }], {
        checks: [{ ...opens, to: 'web:80' }],
      }),
    );
    expect(diagnostics).toEqual([]);
    expect(steps[0]!.cluster.checks).toMatchObject([{ on: 'download', to: { name: 'web', port: 80 } }]);
  });

  it('have no destination of their own', () => {
    const later = [{ name: 'later', checks: [{ name: 'goes on', on: 'download', resolve: 'web' }] }];
    expect(error(text(later, { checks: [opens] }))).toMatchObject({ message: 'a check with "on" has no "resolve"' });
  });

  it('must have been opened, by a step before', () => {
    const same = [opens, { name: 'goes on', on: 'download' }];
    expect(error(text([], { checks: same }))).toMatchObject({ code: 'unknown-connection', help: /opens: NAME/ });
  });

  it.each<[string, object]>([
    ['of TCP', { from: { place: 'pod/web-0', protocol: 'UDP' }, to: '10.0.0.1:53' }],
    ['one at a time', { connections: 2 }],
  ])('are %s', (_, fields) => {
    expect(errors(text([], { checks: [{ ...opens, ...fields }] }))).toEqual([
      expect.stringMatching(/conflicting-fields/),
    ]);
  });

  it('carry one request at a time', () => {
    const twice = ['a', 'b'].map((name) => ({ name, on: 'download' }));
    expect(error(text([{ name: 'later', checks: twice }], { checks: [opens] }))).toMatchObject({
      code: 'duplicate-name',
    });
  });
});

describe('a step is refused', () => {
  it.each<[string, object, string, string]>([
    [
      'that deletes what is not there',
      { delete: ['pod/web-7'] },
      'there is no pod/web-7 to delete',
      'did you mean "pod/web-0"?',
    ],
    [
      'that deletes twice',
      { delete: ['pod/web-0', 'pod/web-0'] },
      'there is no pod/web-0 to delete',
      'did you mean "pod/web-1"?',
    ],
    [
      'that patches what is not there',
      { patch: { 'deploy/x': {} } },
      'there is no deployment/x to patch',
      'there is: none of this kind',
    ],
    [
      'that sets what is not there',
      { set: { 'pod/prod/web-0': 'ready' } },
      'there is no pod/prod/web-0 to set',
      'there is: pod/web-0, pod/web-1',
    ],
    ['that sets a Service', { set: { 'service/web': 'ready' } }, 'service/web is no pod', 'only pods are set'],
    [
      'that names no kind there is',
      { delete: ['sevice/web'] },
      'there is no kind sevice that can change',
      'did you mean "service"?',
    ],
    [
      'that names no object',
      { delete: ['web-0'] },
      '"web-0" names no object',
      'an object is written KIND/NAME or KIND/NAMESPACE/NAME',
    ],
    [
      'that mends what is not broken',
      { mend: ['no-route'] },
      'there is no fault no-route to mend',
      'nothing is broken here',
    ],
  ])('%s', (_, step, message, help) => {
    expect(error(text([{ name: 'wrong', ...step }]))).toMatchObject({ message, help, at: { line: 1 } });
  });

  it('that is to change the machines', () => {
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node3' } };
    expect(error(text([{ name: 'wrong', apply: [node] }]))).toMatchObject({ code: 'fixed-kind' });
  });

  it('whose patch has an unknown field, at that field', () => {
    const wrong = error(text([{ name: 'wrong', patch: { 'service/web': { spec: { tpye: 'NodePort' } } } }]));
    expect(wrong).toMatchObject({ code: 'unknown-field', message: 'unknown field "tpye" in spec' });
    expect(wrong.at!.text.slice(wrong.at!.column - 1)).toMatch(/^"tpye"/);
  });

  it('whose check names a place that the step has taken away', () => {
    const checks = [{ name: 'too late', from: 'pod/web-0', to: 'service/web:80' }];
    expect(error(text([{ name: 'gone', delete: ['pod/web-0'], checks }]))).toMatchObject({ code: 'unknown-place' });
  });

  it('when checks of any steps have one name', () => {
    const checks = [{ name: 'same', from: 'pod/web-0', to: 'service/web:80' }];
    expect(errors(text([{ name: 'later', checks }], { checks }))).toEqual([expect.stringMatching(/duplicate-name/)]);
  });
});
