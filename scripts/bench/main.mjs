/**
 * npm run bench: measures speed and writes docs/bench.md. Ratios are against a floor measured in the same run, the two
 * taking turns; every figure is the median of its runs, with the fastest and slowest beside it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { $ } from 'zx';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
$.verbose = false;
const quick = process.argv.includes('--quick');
const folder = mkdtempSync('/tmp/packetwalk-bench-');
const banner = {
  js: "import { createRequire as packetwalkRequire } from 'node:module'; const require = packetwalkRequire(import.meta.url);",
};

await $`node scripts/build.mjs --no-types`;
await build({
  entryPoints: {
    floor: 'scripts/bench/floor.ts',
    measure: 'scripts/bench/measure.ts',
    modes: 'scripts/bench/modes.ts',
    names: 'scripts/bench/names.ts',
  },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['koffi'],
  banner,
  logLevel: 'warning',
  outExtension: { '.js': '.bench.js' },
});

const sandbox = process.getuid() === 0 ? [] : ['--user', '--map-current-user', '--keep-caps'];

const FREEING_MS = 60_000;

/**
 * The kernel frees namespaces after their last process, by a worker of its own: a run must not pay for the one before.
 * A worker that is at it is called kworker/…+netns; with a minus, that was what it did last (wq_worker_comm()).
 */
async function kernelIsIdle() {
  const started = performance.now();
  for (let quiet = 0; quiet < 5 && performance.now() - started < FREEING_MS; ) {
    const busy = readdirSync('/proc').some((entry) => {
      try {
        return /^\d+$/.test(entry) && /^kworker.*\+netns$/.test(readFileSync(`/proc/${entry}/comm`, 'utf8').trim());
      } catch {
        return false;
      }
    });
    quiet = busy ? 0 : quiet + 1;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return performance.now() - started - 100;
}

async function floor(pods, nodes) {
  await kernelIsIdle();
  const { stdout } =
    await $`unshare ${sandbox} --net --mount --pid --fork --kill-child --mount-proc node dist/floor.bench.js ${pods} ${nodes}`;
  return Number(stdout);
}

async function measure(...args) {
  await kernelIsIdle();
  const { stdout } = await $`node dist/measure.bench.js ${args}`;
  return JSON.parse(stdout);
}

async function repeated(times, action) {
  const results = [];
  for (let run = 0; run < times; run++) results.push(await action());
  return results;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
}

function range(values, format) {
  return `${format(median(values))} (${format(Math.min(...values))}–${format(Math.max(...values))})`;
}

const seconds = (milliseconds) => `${(milliseconds / 1000).toFixed(milliseconds < 1000 ? 3 : 2)} s`;
const lines = [];

lines.push(
  '## Bringing up a lab',
  '',
  'Floor: a namespace, a veth pair, an address and a route a pod, in bare system calls. Lab: all of that, and bridges,',
  "networks, every node's VXLAN peers, kube-proxy's and flannel's rules, and a listening port a pod. Behind a Service: all",
  'pods are endpoints of one Service, which every node has four rules for each of.',
  '',
);
lines.push(
  '| Pods | Nodes | Behind a Service | Floor | Kernel state | and all ports answer | Kernel state ÷ floor | Teardown | and freed by the kernel |',
  '|---|---|---|---|---|---|---|---|---|',
);
for (const [pods, nodes, behindService, times] of [
  [100, 10, 0, 7],
  [1000, 30, 0, 5],
  [3000, 100, 0, 5],
  [100, 10, 1, 5],
  [1000, 30, 1, 3],
  [3000, 100, 1, 3],
]) {
  if (quick && pods > 1000) continue;
  const pairs = await repeated(times, async () => {
    const bare = await floor(pods, nodes);
    const lab = await measure('bring-up', pods, nodes, behindService);
    return { floor: bare, lab, freed: Math.max(0, await kernelIsIdle()) };
  });
  const floors = pairs.map((pair) => pair.floor);
  const applied = pairs.map((pair) => pair.lab.apply);
  const ready = pairs.map((pair) => pair.lab.ready);
  const down = pairs.map((pair) => pair.lab.teardown);
  const freed = pairs.map((pair) => pair.freed);
  lines.push(
    `| ${pods} | ${nodes} | ${behindService ? 'yes' : 'no'} | ${range(floors, seconds)} | ${range(applied, seconds)} | ${range(ready, seconds)} | ${(median(applied) / median(floors)).toFixed(2)} | ${range(down, seconds)} | ${range(freed, seconds)} |`,
  );
  process.stderr.write(`${lines.at(-1)}\n`);
}

/** [pods, nodes, runs] */
const MODES = quick ? [20, 4, 1] : [100, 10, 5];
const { stdout: measuredModes } = await $`node dist/modes.bench.js ${MODES}`;
lines.push(
  '',
  '## Modes of the network plugin',
  '',
  `A lab of ${MODES[0]} pods on ${MODES[1]} nodes until its kernel state stands, and one TCP connection between pods of two nodes, as fast as`,
  'it gets. Both beside host-gw on the same kernel: modes that this one lacks are measured in a virtual machine. BIRD takes its',
  'time: sessions are opened two seconds after it has started.',
  '',
  '| Mode | Where | Kernel state | ÷ host-gw | Mbit/s | ÷ host-gw |',
  '|---|---|---|---|---|---|',
);
const modes = JSON.parse(measuredModes);
for (const { mode, sandbox, applied, rates } of modes) {
  const reference = modes.find((other) => other.mode === 'host-gw' && other.sandbox === sandbox);
  const ratio = (key, own) => (median(own) / median(reference[key])).toFixed(2);
  const where = sandbox === 'vm' ? 'virtual machine' : 'this kernel';
  const megabits = range(rates, (value) => value.toFixed(0));
  lines.push(
    `| \`${mode}\` | ${where} | ${range(applied, seconds)} | ${ratio('applied', applied)} | ${megabits} | ${ratio('rates', rates)} |`,
  );
}

/** [Services, questions, runs] */
const NAMES = quick ? [10, 100, 1] : [1000, 2000, 5];
const { stdout: measuredNames } = await $`node dist/names.bench.js ${NAMES}`;
const names = JSON.parse(measuredNames);
const rates = (values) => range(values, (value) => value.toFixed(0));
lines.push(
  '',
  '## Names',
  '',
  `Questions a second from a pod, by the Service kube-dns with kube-proxy's rules, to two pods of CoreDNS of which one is on the other`,
  `node; ${NAMES[0]} Services. One process asks and answers, eight questions at once.`,
  '',
  '| Name | Questions a second |',
  '|---|---|',
  `| a full name, one question | ${rates(names.full)} |`,
  `| the same without the final dot: three of the search list before it | ${rates(names.searched)} |`,
);
process.stderr.write(`${lines.slice(-2).join('\n')}\n`);

lines.push(
  '',
  '## Changing a running lab',
  '',
  'One of the three endpoints of a Service is taken out of the file: the whole of `packetwalk up`, from its start until the last rule of both',
  'nodes has changed, mode iptables. Most of it is reading the file: beside it the same without a change.',
  '',
  '| Services | `up` | with nothing to change |',
  '|---|---|---|',
);
const changing = `${folder}/changing.yaml`;
const changingLab = (services, pods) => {
  const app = (index) => (index === 0 ? 'web' : 'other');
  return [
    `apiVersion: packetwalk.dev/v1alpha1\nkind: Topology\nmetadata: { name: bench-${process.pid} }\nspec: { nodes: [ { name: node1 }, { name: node2 } ] }`,
    ...['other-0', 'other-1', 'other-2', ...pods].map(
      (name) =>
        `apiVersion: v1\nkind: Pod\nmetadata: { name: ${name}, labels: { app: ${name.split('-')[0]} } }\nspec: { containers: [ { name: app } ] }`,
    ),
    ...Array.from(
      { length: services },
      (_, index) =>
        `apiVersion: v1\nkind: Service\nmetadata: { name: svc-${index} }\nspec: { selector: { app: ${app(index)} }, ports: [ { port: 80 } ] }`,
    ),
  ].join('\n---\n');
};
const up = async () => {
  const started = performance.now();
  const { stdout } = await $`node dist/cli.js up -f ${changing}`;
  return { ms: performance.now() - started, stdout };
};
for (const services of quick ? [10] : [10, 1000, 5000]) {
  const runs = await repeated(quick ? 1 : 5, async () => {
    writeFileSync(changing, changingLab(services, ['web-0', 'web-1', 'web-2']));
    await up();
    const idle = await up();
    writeFileSync(changing, changingLab(services, ['web-0', 'web-1']));
    const changed = await up();
    await $`node dist/cli.js down ${`bench-${process.pid}`}`;
    if (!idle.stdout.includes('is up to date') || !changed.stdout.includes('2 rulesets changed'))
      throw new Error(idle.stdout + changed.stdout);
    return { idle: idle.ms, changed: changed.ms };
  });
  const column = (key) =>
    range(
      runs.map((run) => run[key]),
      seconds,
    );
  lines.push(`| ${services} | ${column('changed')} | ${column('idle')} |`);
  process.stderr.write(`${lines.at(-1)}\n`);
}

/** What has been done by when, by the names of milestones (src/apply/sandbox/vm). */
const STEPS = [
  ['QEMU', 'the image and the first file system are there, QEMU is started'],
  ['kernel', 'firmware and kernel have come up'],
  ['modules', 'the modules of the first file system are loaded'],
  ['file system', "the host's files are mounted, a layer in memory above them"],
  ['network', 'the modules are loaded that no lab asks for'],
  ['program', "the guest's program answers"],
  ['agent', 'the first agent does'],
];

const file = `${folder}/five.yaml`;
writeFileSync(file, readFileSync('scripts/bench/five-checks.yaml'));
const cold = await repeated(7, async () => {
  const started = performance.now();
  await $`node dist/cli.js test ${file}`;
  return performance.now() - started;
});
lines.push('', '## A virtual machine', '');
const { exitCode } = await $`node dist/cli.js test ${file} --sandbox vm`.nothrow();
if (exitCode === 0) {
  const boots = await repeated(5, () => measure('machine'));
  const inMachine = await repeated(5, async () => {
    const started = performance.now();
    await $`node dist/cli.js test ${file} --sandbox vm`;
    return performance.now() - started;
  });
  const how = boots[0].acceleration === 'kvm' ? 'with KVM' : 'emulated in software';
  lines.push(`Linux ${boots[0].kernel}, ${how}.`, '', '| When | From the beginning |', '|---|---|');
  for (const [name, what] of STEPS) {
    const times = boots.map(({ steps }) => steps.find((step) => step.name === name).ms);
    lines.push(`| ${what} | ${range(times, seconds)} |`);
  }
  lines.push(`| \`packetwalk test --sandbox vm\`, two nodes, five checks, has ended | ${range(inMachine, seconds)} |`);
} else {
  lines.push('There was none: `packetwalk doctor --sandbox vm` says why.');
}

const bareNode = await repeated(7, async () => {
  const started = performance.now();
  await $`node -e 0`;
  return performance.now() - started;
});
const help = await repeated(7, async () => {
  const started = performance.now();
  await $`node dist/cli.js --help`;
  return performance.now() - started;
});
const thousand = await repeated(5, () => measure('services', 1000));
const many = await repeated(3, () => measure('services', 10000));
const decoding = await repeated(5, () => measure('decode', 1000000));
const denying = await repeated(5, () => measure('matrix', 1));
const open = await repeated(5, () => measure('matrix', 0));

lines.push('', '## The rest', '', '| What | Measured |', '|---|---|');
lines.push(`| \`packetwalk test\`, two nodes, five checks, from cold | ${range(cold, seconds)} |`);
lines.push(
  `| \`packetwalk --help\` | ${range(help, seconds)}, of which Node itself (\`node -e 0\`) ${range(bareNode, seconds)} |`,
);
lines.push(
  `| 1,000 Services with three endpoints each, compiled and planned for two nodes | ${range(
    thousand.map((run) => run.compile),
    seconds,
  )} |`,
);
lines.push(
  `| 10,000 Services, the same | ${range(
    many.map((run) => run.compile),
    seconds,
  )} |`,
);
lines.push(
  `| reading the YAML of those 10,000 | ${range(
    many.map((run) => run.read),
    seconds,
  )} |`,
);
const millions = (key) =>
  range(
    decoding.map((run) => run[key] / 1e6),
    (value) => value.toFixed(2),
  );
lines.push(
  `| decoding packets | ${millions('frames')} million a second; pcap-parser's framing alone: ${millions('records')} |`,
);

const perSecond = (runs) =>
  range(
    runs.map(({ pairs, ms }) => (pairs / ms) * 1000),
    (value) => value.toFixed(0),
  );
const { pairs, reached } = denying[0];
lines.push(
  `| \`matrix\` of nine pods and three nodes, TCP and UDP: ${pairs} pairs, ${pairs - reached} of them denied | ${range(
    denying.map(({ ms }) => ms),
    seconds,
  )}, ${perSecond(denying)} probes a second |`,
);
lines.push(`| the same without policies: nobody waits | ${perSecond(open)} probes a second |`);

const head = [
  '# Speed',
  '',
  `Written by \`npm run bench\` on Linux ${release()}, ${cpus().length} × ${cpus()[0].model.trim()}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}. Median (fastest–slowest).`,
  '',
];
const text = `${[...head, ...lines].join('\n')}\n`;
if (!quick) writeFileSync('docs/bench.md', text);
process.stdout.write(text);
rmSync(folder, { recursive: true });
