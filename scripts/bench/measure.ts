/** The measurements that need the stages themselves. Prints one JSON object. */
import { readFileSync } from 'node:fs';
import { buildLab } from '../../src/agent/lab.ts';
import { programPath } from '../../src/agent/programs.ts';
import { machineSandbox, namespaceSandbox } from '../../src/agent/sandbox.ts';
import { usualNamespaces } from '../../src/apply/sandbox/namespaces.ts';
import { findKernel } from '../../src/apply/sandbox/vm/kernel.ts';
import { Machine } from '../../src/apply/sandbox/vm/machine.ts';
import { compile } from '../../src/compile/index.ts';
import { readFrames, VXLAN_PORTS } from '../../src/decode/index.ts';
import { readPcap } from '../../src/decode/pcap.ts';
import { matrix, pairs } from '../../src/pipeline.ts';
import { plan } from '../../src/plan/index.ts';
import { modelled } from './lab.ts';

const [what, ...numbers] = process.argv.slice(2);

function topology(nodes: number): string {
  const names = Array.from({ length: nodes }, (_, index) => `{ name: node${index + 1} }`).join(', ');
  return `apiVersion: packetwalk.dev/v1alpha1\nkind: Topology\nspec:\n  networks: [ { name: lan, cidr: 10.0.0.0/20 } ]\n  nodes: [ ${names} ]\n`;
}

const SERVICE = `---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { selector: { app: web }, ports: [ { port: 80 } ] }
`;

/** Pods on nodes, each with a port that answers; with `behindService`, all of them behind one Service. */
async function bringUp(pods: number, nodes: number, behindService: boolean) {
  const text = `${topology(nodes)}---
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  replicas: ${pods}
  selector: { matchLabels: { app: web } }
  template: { metadata: { labels: { app: web } }, spec: { containers: [ { name: app, ports: [ { containerPort: 80 } ] } ] } }
${behindService ? SERVICE : ''}`;
  const built = modelled(text);
  const planned = plan(compile(built));
  const agent = await namespaceSandbox(usualNamespaces()).startAgent();
  const started = performance.now();
  await agent.client.call('apply', planned);
  const applied = performance.now();
  await agent.client.call('listen', built.listeners);
  const ready = performance.now();
  await agent.close();
  return { apply: applied - started, ready: ready - started, teardown: performance.now() - ready };
}

function services(count: number) {
  const objects = Array.from(
    { length: count },
    (_, index) => `---
apiVersion: v1
kind: Service
metadata: { name: svc-${index} }
spec: { selector: { app: web }, ports: [ { name: http, port: 80, targetPort: 8080 } ] }
`,
  ).join('');
  const pods = Array.from(
    { length: 3 },
    (_, index) => `---
apiVersion: v1
kind: Pod
metadata: { name: web-${index}, labels: { app: web } }
spec: { containers: [ { name: app } ] }
`,
  ).join('');
  const started = performance.now();
  const built = modelled(topology(2) + objects + pods);
  const read = performance.now();
  const operations = plan(compile(built)).operations.length;
  return { read: read - started, compile: performance.now() - read, operations };
}

/** When a virtual machine was how far, and its first agent there: milliseconds from the beginning. */
async function machine() {
  const started = performance.now();
  const kernel = await findKernel();
  const program = [process.execPath, programPath('guest')];
  const booted = await Machine.boot(kernel, { program });
  const agent = await machineSandbox(booted).startAgent();
  const steps = [...booted.milestones, { name: 'agent', ms: performance.now() - started }];
  await agent.close();
  await booted.close();
  return { kernel: kernel.release, acceleration: booted.acceleration, steps };
}

/** Every pair of nine pods, TCP and UDP, with the policies of the file or without: who is denied waits for nothing. */
async function pairwise(withPolicies: boolean) {
  const text = readFileSync('scripts/bench/nine-pods.yaml', 'utf8');
  const built = modelled(text);
  const tried = withPolicies ? built : { ...built, policies: [] };
  const state = compile(tried);
  const lab = await buildLab(tried, state, namespaceSandbox(usualNamespaces()));
  const wanted = pairs(lab, { port: 80, protocols: ['TCP', 'UDP'], family: 4 });
  const started = performance.now();
  const cells = await matrix(lab, wanted, 1000);
  const ms = performance.now() - started;
  await lab.close();
  const reached = cells.filter(({ measured }) => measured === 'reached').length;
  return { pairs: cells.length, reached, ms };
}

/** A capture of one small TCP segment, over and over. */
function decoding(packets: number) {
  const header = Buffer.alloc(24);
  header.writeUInt32LE(0xa1b23c4d, 0);
  header.writeUInt16LE(2, 4);
  header.writeUInt16LE(4, 6);
  header.writeUInt32LE(262144, 16);
  header.writeUInt32LE(276, 20);
  const record = Buffer.alloc(16 + 20 + 40);
  record.writeUInt32LE(1_700_000_000, 0);
  record.writeUInt32LE(60, 8);
  record.writeUInt32LE(60, 12);
  record.writeUInt16BE(0x0800, 16);
  record.writeUInt32BE(2, 20);
  record.writeUInt8(0x45, 36);
  record.writeUInt16BE(40, 38);
  record.writeUInt8(64, 44);
  record.writeUInt8(6, 45);
  record.set([10, 244, 1, 2, 10, 244, 2, 2], 48);
  record.writeUInt16BE(40_000, 56);
  record.writeUInt16BE(80, 58);
  record.writeUInt8(0x50, 68);
  record.writeUInt8(2, 69);
  const pcap = Buffer.concat([header, ...Array.from({ length: packets }, () => record)]);
  const capture = { namespace: 'bench', pcap, links: new Map([[2, 'eth0']]) };
  const started = performance.now();
  let frames = 0;
  readFrames(capture.pcap, capture.namespace, capture.links, { vxlanPorts: VXLAN_PORTS }, () => frames++);
  const decoded = performance.now();
  let records = 0;
  readPcap(pcap, () => records++);
  return { frames: (frames / (decoded - started)) * 1000, records: (records / (performance.now() - decoded)) * 1000 };
}

const [first = 0, second = 0, third = 0] = numbers.map(Number);
const MEASUREMENTS: Record<string, () => unknown> = {
  'bring-up': () => bringUp(first, second, third === 1),
  services: () => services(first),
  decode: () => decoding(first),
  matrix: () => pairwise(first === 1),
  machine,
};
process.stdout.write(`${JSON.stringify(await MEASUREMENTS[what ?? '']!())}\n`);
