/**
 * The modes of the network plugin beside each other: how long a lab takes to stand, and how much gets from a pod of one node to
 * one of another. What this machine's kernel lacks is measured in a virtual machine, beside host-gw in the same. Prints one JSON
 * object.
 */
import type { AgentClient } from '../../src/agent/client.ts';
import type { Sandbox } from '../../src/agent/sandbox.ts';
import { Sandboxes } from '../../src/agent/sandboxes.ts';
import { compile } from '../../src/compile/index.ts';
import { CNI_MODES, type CniMode } from '../../src/parse/schema/cni.ts';
import { plan } from '../../src/plan/index.ts';
import { modelled } from './lab.ts';

const [pods = 100, nodes = 10, runs = 5] = process.argv.slice(2).map(Number);
const REFERENCE = 'host-gw';
const SECONDS = 3;
/** Emulated, everything takes its time. */
const RUNS_IN_MACHINES = 3;

function built(mode: CniMode, pods: number, nodes: number) {
  const names = Array.from({ length: nodes }, (_, index) => `{ name: node${index + 1} }`).join(', ');
  const text = `apiVersion: packetwalk.dev/v1alpha1
kind: Topology
spec:
  nodes: [ ${names} ]
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${pods}
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: app, ports: [ { containerPort: 80 } ] } ] } }
`;
  const cluster = modelled(text, { cni: mode });
  const state = compile(cluster);
  return { cluster, state, steps: plan(state) };
}

/** Milliseconds until the kernel state stands. */
async function bringUp(sandbox: Sandbox, mode: CniMode): Promise<number> {
  const { steps } = built(mode, pods, nodes);
  const { client, close } = await sandbox.startAgent();
  const started = performance.now();
  await client.call('apply', steps);
  const ms = performance.now() - started;
  await close();
  return ms;
}

const SINK = `require('node:net').createServer((socket) => { let bytes = 0, from = 0;
  socket.on('data', (chunk) => { from ||= Date.now(); bytes += chunk.length; });
  socket.on('end', () => { console.log(bytes * 8 / (Date.now() - from) / 1000); process.exit(); }); }).listen(5001)`;
const SOURCE = (address: string) => `const chunk = Buffer.alloc(1 << 16);
  const open = () => { const socket = require('node:net').connect(5001, '${address}'); let until;
    const fill = () => { until ??= Date.now() + ${SECONDS * 1000};
      while (Date.now() < until) if (!socket.write(chunk)) return; socket.end(); };
    socket.on('connect', fill).on('drain', fill).on('error', () => setTimeout(open, 200)); };
  open()`;

/** Megabits a second of one TCP connection, as its receiver has them. */
async function throughput(sandbox: Sandbox, mode: CniMode): Promise<number> {
  const { cluster, steps } = built(mode, 2, 2);
  const [from, to] = cluster.pods;
  const { client, close } = await sandbox.startAgent();
  await client.call('apply', steps);
  const sink = node(client, to!.netns, SINK);
  await node(client, from!.netns, SOURCE(to!.address));
  const { stdout } = await sink;
  await close();
  return Number(stdout);
}

function node(client: AgentClient, namespace: string, script: string) {
  return client.call('run', { namespace, argv: [process.execPath, '-e', script] });
}

const sandboxes = new Sandboxes({ note: (text) => process.stderr.write(`${text}\n`) });
const rows: object[] = [];
const measure = async (sandbox: Sandbox, mode: CniMode) => {
  const times = sandbox.kind === 'vm' ? Math.min(runs, RUNS_IN_MACHINES) : runs;
  const applied: number[] = [];
  const rates: number[] = [];
  for (let run = 0; run < times; run++) applied.push(await bringUp(sandbox, mode));
  for (let run = 0; run < times; run++) rates.push(await throughput(sandbox, mode));
  rows.push({ mode, sandbox: sandbox.kind, applied, rates });
  process.stderr.write(`${JSON.stringify(rows.at(-1))}\n`);
};
try {
  const elsewhere: CniMode[] = [];
  for (const mode of [REFERENCE, ...CNI_MODES.filter((each) => each !== REFERENCE)] as const) {
    const { state } = built(mode, 1, 2);
    const kind = await sandboxes.choose(state);
    if (kind === 'vm') elsewhere.push(mode);
    else await measure(await sandboxes.open(kind), mode);
  }
  if (elsewhere.length > 0)
    for (const mode of [REFERENCE, ...elsewhere] as const) await measure(await sandboxes.open('vm'), mode);
} finally {
  await sandboxes.close();
}
process.stdout.write(`${JSON.stringify(rows)}\n`);
