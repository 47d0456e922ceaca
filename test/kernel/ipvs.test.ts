/** Endpoints come and go, and IPVS's table follows (claim I6): gracefully, as kube-proxy does it. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLab } from '../../src/agent/lab.ts';
import type { ConnectionCheck } from '../../src/model/check.ts';
import { type Prepared, type PrepareOptions, trace } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { preparedText, sandboxes } from './tools.ts';

const SERVER = '10.96.0.10:80';
const UDP_SERVER = '10.96.0.10:53';

function withReplicas(replicas: number, options: Partial<PrepareOptions> = {}): Prepared {
  const text = `
apiVersion: packetwalk.dev/v1alpha1
kind: Topology
spec:
  cluster: { proxy: { mode: ipvs } }
  nodes: [{ name: node1 }]
  checks:
    - { name: six connections, from: pod/client, to: service/web:http, connections: 6, expect: { outcome: delivered } }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec:
  clusterIP: 10.96.0.10
  selector: { app: web }
  ports: [{ name: http, port: 80, targetPort: 8080 }, { name: dns, port: 53, protocol: UDP }]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${replicas}
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { containers: [{ name: client }] }
`;
  return preparedText(text, 'endpoints.yaml', options);
}

describe('endpoints of a Service in mode ipvs', { timeout: 300_000 }, () => {
  const [two, three] = [withReplicas(2), withReplicas(3)];
  let lab: Awaited<ReturnType<typeof buildLab>>;

  beforeAll(async () => {
    lab = await buildLab(three.cluster, three.state, await sandboxes.for(three.state));
  }, 300_000);
  afterAll(() => lab?.close());

  async function become({ cluster, state }: Prepared): Promise<void> {
    await lab.agent.call('apply', converge(lab.state, state));
    await lab.agent.call('listen', cluster.listeners);
    lab = { ...lab, cluster, state };
  }

  /** The weight of each real server of a virtual one. */
  async function weights(server: string): Promise<Record<string, number>> {
    const option = server === SERVER ? '-t' : '-u';
    const argv = ['ipvsadm', '-Ln', option, server];
    const { stdout } = await lab.agent.call('run', { namespace: 'node.node1', argv });
    const rows = [...stdout.matchAll(/-> (\S+) +Masq +(\d+)/g)];
    return Object.fromEntries(rows.map(([, address = '', weight]) => [address, Number(weight)]));
  }

  async function served(): Promise<Record<string, number>> {
    const { walks } = await trace(lab, lab.cluster.checks[0] as ConnectionCheck, false);
    const counts: Record<string, number> = {};
    for (const { endpoint = 'nobody' } of walks) counts[endpoint] = (counts[endpoint] ?? 0) + 1;
    return counts;
  }

  it('take turns while they are there', async () => {
    expect(await served()).toEqual({ 'pod/web-0': 2, 'pod/web-1': 2, 'pod/web-2': 2 });
    expect(await weights(SERVER)).toEqual({ '10.244.1.3:8080': 1, '10.244.1.4:8080': 1, '10.244.1.5:8080': 1 });
  });

  it('get nothing new once they go, and stay in the table while a connection of theirs is remembered', async () => {
    await become(two);
    expect(await weights(SERVER)).toEqual({ '10.244.1.3:8080': 1, '10.244.1.4:8080': 1, '10.244.1.5:8080': 0 });
    expect(await served()).toEqual({ 'pod/web-0': 3, 'pod/web-1': 3 });
  });

  it('go at once where no connection is remembered', async () => {
    expect(Object.keys(await weights(UDP_SERVER))).toEqual(['10.244.1.3:53', '10.244.1.4:53']);
  });

  it('have their share again when they come back', async () => {
    await become(three);
    expect(await weights(SERVER)).toEqual({ '10.244.1.3:8080': 1, '10.244.1.4:8080': 1, '10.244.1.5:8080': 1 });
    expect(await served()).toEqual({ 'pod/web-0': 2, 'pod/web-1': 2, 'pod/web-2': 2 });
  });

  it('are nobody’s when kube-proxy writes no table', async () => {
    await become(withReplicas(3, { faults: ['no-dnat'] }));
    expect(await weights(SERVER)).toEqual({});
    expect(await served()).toEqual({ nobody: 6 });
  });
});
