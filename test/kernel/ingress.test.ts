/**
 * nginx in the pods of an Ingress controller: what becomes of it when the cluster changes, and what is said when it cannot run.
 *
 *   host/client ── node1:80 ── pod/nginx ── pod/a or pod/b
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import type { KernelState } from '../../src/compile/index.ts';
import { examine, type Prepared } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { pod, service, stream, topology } from '../model/objects.ts';
import { preparedText, sandboxes } from './tools.ts';

interface Change {
  /** The Service behind the Ingress; undefined: there is no Ingress. */
  readonly to?: string;
  readonly expect: object;
  readonly faults?: readonly object[];
}

const CONTROLLER = {
  name: 'controller',
  image: 'registry.k8s.io/ingress-nginx/controller:v1.15.1',
  args: ['--watch-ingress-without-class=true'],
  ports: [{ containerPort: 80, hostPort: 80 }],
};

function lab({ to, expect, faults = [] }: Change): Prepared {
  const backend = { service: { name: to, port: { number: 80 } } };
  const ingress = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'a' },
    spec: { rules: [{ host: 'a.b', http: { paths: [{ path: '/', pathType: 'Prefix', backend }] } }] },
  };
  return preparedText(
    stream(
      topology({
        nodes: [{ name: 'node1' }],
        hosts: [{ name: 'client' }],
        checks: [{ name: 'a request', from: 'host/client', to: 'http://a.b/@node1', expect }],
        faults,
      }),
      pod('nginx', { spec: { containers: [CONTROLLER] } }),
      ...['a', 'b'].flatMap((name) => [pod(name, { labels: { app: name }, ports: [80] }), service(name)]),
      ...(to === undefined ? [] : [JSON.stringify(ingress)]),
    ),
  );
}

const answeredBy = (endpoint: string, status = 200) => ({ outcome: 'delivered', endpoint: `pod/${endpoint}`, status });

/** One after the other, in one lab. */
const CHANGES: readonly (readonly [title: string, change: Change])[] = [
  ['nobody has the host', { expect: answeredBy('nginx', 404) }],
  ['an Ingress comes', { to: 'a', expect: answeredBy('a') }],
  ['it leads elsewhere', { to: 'b', expect: answeredBy('b') }],
  ['and nowhere', { to: 'nobody', expect: answeredBy('nginx', 503) }],
  [
    'nginx ends',
    { to: 'a', faults: [{ fault: 'no-ingress-controller' }], expect: { outcome: 'rejected', rejectedBy: 'pod/nginx' } },
  ],
  ['and begins again', { to: 'a', expect: answeredBy('a') }],
];

describe('nginx', () => {
  let standing: Lab & { close(): Promise<void> };
  let current: KernelState;

  beforeAll(async () => {
    const { cluster, state } = lab(CHANGES[0]![1]);
    standing = await buildLab(cluster, state, await sandboxes.for(state));
    current = state;
  });
  afterAll(() => standing.close());

  it.for(CHANGES)('%s', async ([, change]) => {
    const { cluster, state } = lab(change);
    await standing.agent.call('apply', converge(current, state));
    await standing.agent.call('listen', cluster.listeners);
    current = state;
    const verdicts = await examine({ ...standing, cluster, state }, cluster.checks);
    expect(verdicts.map(({ verdict, reason }) => ({ verdict, reason }))).toEqual([
      { verdict: 'pass', reason: expect.any(String) },
    ]);
  });
});

describe('nginx that does not take its configuration', () => {
  it('says where, and for which line of the topology it is', async () => {
    const { cluster, state } = lab({ to: 'a', expect: {} });
    const broken = {
      namespaces: state.namespaces.map((namespace) =>
        namespace.nginx ? { ...namespace, nginx: { ...namespace.nginx, config: 'nonsense;\n' } } : namespace,
      ),
    };
    await expect(buildLab(cluster, broken, await sandboxes.for(state))).rejects.toThrow(
      /^nginx -t .*unknown directive "nonsense".*\(in pod\.default\.nginx, for text\.yaml:\d+\)/s,
    );
  });
});
