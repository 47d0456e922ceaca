/**
 * What a connection to a ClusterIP costs with many Services, in each mode on one kernel. Prints a JSON object a line.
 *
 *   measure SANDBOX MODES SIZES CONNECTIONS LIMIT
 *
 * A mode that needs longer than LIMIT milliseconds for the rules of one size, or fails, is not tried with larger ones.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { buildLab, type Lab, namespacesOnTheWay, probe, watch } from '../../src/agent/lab.ts';
import { Sandboxes, type SandboxOptions } from '../../src/agent/sandboxes.ts';
import { lastBoot } from '../../src/apply/sandbox/vm/machine.ts';
import { compile } from '../../src/compile/index.ts';
import { Diagnostics } from '../../src/diagnostic.ts';
import type { ConnectionCheck } from '../../src/model/check.ts';
import type { Cluster, ProxyMode, Service } from '../../src/model/cluster.ts';
import { model } from '../../src/model/index.ts';
import { parse } from '../../src/parse/index.ts';
import { converge } from '../../src/plan/converge.ts';
import type { ProbeRun } from '../../src/probe/probe.ts';
import { evidenceOf, stitch, type Walk, Wiring } from '../../src/stitch/index.ts';

const [sandbox, modes = '', sizes = '', connections = '', limit = ''] = process.argv.slice(2);

/** One node with one pod that asks and one that answers: what is measured is what that node does with the packet. */
const LAB = `
apiVersion: packetwalk.dev/v1alpha1
kind: Topology
spec: { cluster: { serviceCIDR: 10.96.0.0/12, cni: { mode: bridge } }, nodes: [{ name: node1 }] }
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { containers: [{ name: client }] }
---
apiVersion: v1
kind: Pod
metadata: { name: web, labels: { app: web } }
spec: { containers: [{ name: web, ports: [{ containerPort: 8080 }] }] }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { clusterIP: 10.96.0.10, selector: { app: web }, ports: [{ port: 80, targetPort: 8080 }] }
`;

function clusterOf(proxy: ProxyMode): Cluster {
  const diagnostics = new Diagnostics();
  const options = { name: 'services', namespace: 'default', proxy };
  const cluster = model(parse([{ name: 'services.yaml', text: LAB }], diagnostics), options, diagnostics);
  if (!cluster) throw new Error(JSON.stringify(diagnostics.all));
  return cluster;
}

/** As many Services, all with the same endpoint, with consecutive addresses. */
function withServices(cluster: Cluster, count: number): Cluster {
  const [service] = cluster.services;
  const services = Array.from({ length: count }, (_, index): Service => {
    const address = index + 256;
    const clusterIP = `10.${96 + (address >> 16)}.${(address >> 8) & 255}.${address & 255}`;
    return { ...service!, name: `web-${index}`, clusterIP, ports: service!.ports.map((port) => ({ ...port })) };
  });
  return { ...cluster, services };
}

function connectionTo(service: Service): ConnectionCheck {
  return {
    kind: 'connection',
    name: service.name,
    from: { place: 'pod/client', protocol: 'TCP' },
    to: { text: service.clusterIP, address: service.clusterIP, port: 80 },
    connections: 1,
    timeoutMs: 20_000,
    origin: { file: 'services.yaml', line: 1 },
  };
}

/** Nanoseconds from the first packet leaving the client's interface to the same reaching the endpoint's. */
function latencyOf({ hops, outcome, reason, from }: Walk): number {
  const last = hops.at(-1);
  if (outcome !== 'delivered' || !last) throw new Error(`${from}: ${reason}`);
  return last.sinceStart - hops[0]!.sinceStart;
}

/** Bytes of memory in use, by the kernel and everything else. */
async function memoryInUse({ agent }: Lab): Promise<number> {
  const { stdout } = await agent.call('run', { namespace: 'node.node1', argv: ['cat', '/proc/meminfo'] });
  const of = (name: string) => Number(new RegExp(`^${name}: +(\\d+) kB`, 'm').exec(stdout)?.[1] ?? 0) * 1024;
  return of('MemTotal') - of('MemFree') - of('Buffers') - of('Cached') - of('SReclaimable');
}

function spread<T>(all: readonly T[], wanted: number): T[] {
  return Array.from({ length: wanted }, (_, index) => all[Math.floor(((index + 0.5) * all.length) / wanted)]!);
}

/** One connection to each, one after the other, in one capture. */
async function walksOf(lab: Lab, services: readonly Service[]): Promise<Walk[]> {
  const checks = services.map(connectionTo);
  const watched = await watch(lab, { namespaces: namespacesOnTheWay(lab.cluster, checks.slice(0, 1)) }, async () => {
    const runs: ProbeRun[] = [];
    for (const check of checks) runs.push(...(await probe(lab, check)));
    return runs;
  });
  return stitch(watched.result, evidenceOf(watched, lab.cluster), new Wiring(lab.state));
}

async function measure(lab: Lab, base: Cluster, count: number) {
  const cluster = withServices(base, count);
  const compiling = performance.now();
  const state = compile(cluster);
  const change = converge(lab.state, state);
  const applying = performance.now();
  const memoryBefore = await memoryInUse(lab);
  await lab.agent.call('apply', change);
  const applied = performance.now();
  await delay(SETTLING_MS);
  const memory = (await memoryInUse(lab)) - memoryBefore;
  const grown = { ...lab, cluster, state };
  const walks = await walksOf(grown, spread(cluster.services, WARM_UP + Number(connections)));
  await lab.agent.call('apply', converge(state, lab.state));
  const latencies = walks
    .slice(WARM_UP)
    .map(latencyOf)
    .sort((a, b) => a - b);
  const at = (part: number) => latencies[Math.min(latencies.length - 1, Math.floor(part * latencies.length))]!;
  return {
    compileMs: applying - compiling,
    applyMs: applied - applying,
    memory,
    connections: latencies.length,
    latency: { p5: at(0.05), p50: at(0.5), p95: at(0.95) },
  };
}

function accelerationOf({ sandbox: kind }: Lab): string | undefined {
  return kind === 'vm' ? lastBoot()?.acceleration : undefined;
}

const SETTLING_MS = 1000;
/** Connections before those that are measured: code is compiled, caches are filled. */
const WARM_UP = 10;

const sandboxes = new Sandboxes({ kind: sandbox as SandboxOptions['kind'] });
try {
  for (const mode of modes.split(',') as ProxyMode[]) {
    const base = clusterOf(mode);
    const empty = { ...base, services: [] };
    const state = compile(empty);
    /** IPVS and its device only come with a Service: the sandbox is chosen for a state that has one. */
    const lab = await buildLab(empty, state, await sandboxes.for(compile(base)));
    try {
      const about = { kernel: lab.kernel, sandbox: lab.sandbox, acceleration: accelerationOf(lab) };
      let tooMuch: string | undefined;
      for (const count of sizes.split(',').map(Number)) {
        const row = tooMuch
          ? { failure: tooMuch }
          : await measure(lab, base, count).catch((error: Error) => ({ failure: error.message }));
        process.stdout.write(`${JSON.stringify({ mode, count, ...about, ...row })}\n`);
        if ('failure' in row) tooMuch = `not tried, because ${count} failed`;
        else if (row.applyMs > Number(limit))
          tooMuch = `not tried: the rules of ${count} took ${Math.round(row.applyMs / 1000)} s`;
      }
    } finally {
      await lab.close();
    }
  }
} finally {
  await sandboxes.close();
}
