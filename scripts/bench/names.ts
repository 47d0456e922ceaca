/**
 * Questions to the cluster's DNS through the dataplane, as fast as they are answered: from a pod by the Service's address, kube-proxy's
 * rules and the overlay to the pods of CoreDNS. Prints one JSON object: questions a second in each run, by full names and by a search
 * list.
 *
 *   names.bench.js SERVICES QUESTIONS RUNS
 */
import { namespaceSandbox } from '../../src/agent/sandbox.ts';
import { usualNamespaces } from '../../src/apply/sandbox/namespaces.ts';
import { compile } from '../../src/compile/index.ts';
import { resolverOf } from '../../src/model/resolver.ts';
import { plan } from '../../src/plan/index.ts';
import { modelled } from './lab.ts';

const [services = 0, questions = 0, runs = 0] = process.argv.slice(2).map(Number);

const SERVICES = Array.from(
  { length: services },
  (_, index) => `---
apiVersion: v1
kind: Service
metadata: { name: svc-${index} }
spec: { ports: [ { port: 80 } ] }
`,
).join('');

const LAB = `apiVersion: packetwalk.dev/v1alpha1
kind: Topology
spec: { cluster: { dns: {} }, nodes: [ { name: node1 }, { name: node2 } ] }
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { nodeName: node1, containers: [ { name: app } ] }
${SERVICES}`;

const cluster = modelled(LAB);
const client = cluster.pods.find(({ name }) => name === 'client')!;
const { client: agent, close } = await namespaceSandbox(usualNamespaces()).startAgent();
await agent.call('apply', plan(compile(cluster)));
await agent.call('listen', cluster.listeners);

/** Eight are under way at once. */
async function rate(name: string): Promise<number> {
  const lookup = { name, types: ['A'], resolver: resolverOf(cluster, client), known: [] };
  const probe = { namespace: client.netns, protocol: 'UDP', destination: { lookup }, timeoutMs: 5000 } as const;
  const started = performance.now();
  const done = await agent.call('probe', { probe, times: questions });
  const took = performance.now() - started;
  const lost = done.filter(({ unresolved }) => unresolved).length;
  if (lost > 0) throw new Error(`${lost} of ${questions} questions for ${name} had no answer`);
  const asked = done.reduce((sum, { queries = [] }) => sum + queries.length + 1, 0);
  return (asked / took) * 1000;
}

const full: number[] = [];
const searched: number[] = [];
for (let run = 0; run < runs; run++) {
  full.push(await rate('svc-0.default.svc.cluster.local.'));
  searched.push(await rate('svc-0.default.svc.cluster.local'));
}
process.stdout.write(`${JSON.stringify({ full, searched })}\n`);
await close();
