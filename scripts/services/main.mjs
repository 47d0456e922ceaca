/**
 * Measures what a connection to a ClusterIP costs with many Services, in each mode of kube-proxy on one kernel, and writes
 * docs/services.md and docs/services.svg (claim I7).
 *
 *   node scripts/services/main.mjs [--sizes 10,100,…] [--modes iptables,…] [--connections 100] [--sandbox auto|vm|…]
 *
 * `--sandbox vm` puts all modes on the virtual machine's kernel; without it a mode that this kernel lacks would be measured
 * on another one than the rest, which is refused.
 */
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { $ } from 'zx';
import { plot } from './plot.mjs';

process.chdir(fileURLToPath(new URL('../..', import.meta.url)));
$.verbose = false;
const { values } = parseArgs({
  options: {
    sizes: { type: 'string', default: '10,100,1000,5000,10000,30000' },
    modes: { type: 'string', default: 'userspace,iptables,ipvs,nftables' },
    connections: { type: 'string', default: '100' },
    sandbox: { type: 'string', default: 'vm' },
    print: { type: 'boolean', default: false },
  },
});

/** A size whose rules take longer than this in a mode is the last one tried there. */
const LIMIT_MS = 3 * 60_000;

await $`node scripts/build.mjs --no-types`;
await build({
  entryPoints: { services: 'scripts/services/measure.ts' },
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  external: ['koffi'],
  banner: {
    js: "import { createRequire as packetwalkRequire } from 'node:module'; const require = packetwalkRequire(import.meta.url);",
  },
  logLevel: 'warning',
  outExtension: { '.js': '.measure.js' },
});

const rows = [];
const measured = $`node dist/services.measure.js ${values.sandbox} ${values.modes} ${values.sizes} ${values.connections} ${LIMIT_MS}`;
for await (const line of measured) {
  process.stderr.write(`${line}\n`);
  rows.push(JSON.parse(line));
}
const kernels = [...new Set(rows.map(({ kernel, sandbox }) => `${kernel} (${sandbox})`))];
if (kernels.length > 1) throw new Error(`the modes were measured on different kernels: ${kernels.join(', ')}`);

const modes = values.modes.split(',');
const sizes = values.sizes.split(',').map(Number);
const failures = rows.filter(({ failure }) => failure);
const find = (mode, count) => rows.find((row) => row.mode === mode && row.count === count);
const microseconds = (nanoseconds) => (nanoseconds / 1000).toFixed(0);
const seconds = (milliseconds) => (milliseconds / 1000).toFixed(milliseconds < 10_000 ? 2 : 0);
const mebibytes = (bytes) => (bytes / 2 ** 20).toFixed(1);

function table(title, cell) {
  return [
    `| ${title} | ${modes.join(' | ')} |`,
    `|---|${modes.map(() => '---').join('|')}|`,
    ...sizes.map((count) => {
      const cells = modes.map((mode) => {
        const row = find(mode, count);
        return row && !row.failure ? cell(row) : '–';
      });
      return `| ${count} | ${cells.join(' | ')} |`;
    }),
  ].join('\n');
}

/** Largest and smallest size that were measured in a mode. */
function ends(mode) {
  const measured = sizes.map((count) => find(mode, count)).filter((row) => row && !row.failure);
  return [measured[0], measured.at(-1)];
}

function growth(mode) {
  const [least, most] = ends(mode);
  return `${mode} ${(most.latency.p50 / least.latency.p50).toFixed(1)}× from ${least.count} to ${most.count}`;
}

/** What others have published about the same, and what was found here. */
function besidePublished() {
  const measured = modes.filter((mode) => ends(mode)[0]);
  const most = Math.max(...['iptables', 'nftables'].map((mode) => ends(mode)[1]?.count ?? 0));
  const [iptables, nftables, ipvs] = ['iptables', 'nftables', 'ipvs'].map((mode) => find(mode, most));
  const comparable = iptables?.latency && nftables?.latency;
  return [
    '## Beside published figures',
    '',
    "**[NFTables mode for kube-proxy](https://kubernetes.io/blog/2025/02/28/nftables-kube-proxy)** (Kubernetes blog, 2025): iptables' latency",
    "grows with the number of Services, nftables' hardly does, and is about that of ipvs; from 5,000 to 10,000 Services an average",
    'connection by nftables is as fast as the fastest by iptables, and at 30,000 nearly every one is faster.',
    `Here the median grew: ${measured.map(growth).join(', ')}.`,
    ...(comparable
      ? [
          `At ${most} Services the 95th percentile of nftables is ${microseconds(nftables.latency.p95)} µs, the 5th of iptables ${microseconds(iptables.latency.p5)} µs${ipvs?.latency ? `; the medians of nftables and ipvs are ${microseconds(nftables.latency.p50)} and ${microseconds(ipvs.latency.p50)} µs` : ''}.`,
        ]
      : []),
    'The shape of the curves can be compared, the numbers cannot: a connection here costs what the capturing of every interface',
    'costs as well, on another processor, and there is one endpoint to a Service.',
    '',
    '**[Scale Kubernetes to Support 50,000 Services](https://www.slideshare.net/slideshow/scale-kubernetes-to-support-50000-services/77112281)**',
    '(KubeCon Europe 2017) made the case for IPVS by the time it takes to add rules, which grew with those already there: every',
    'change of a Service wrote all rules of iptables anew. kube-proxy has written only what changed since 1.27, and here all',
    `Services come at once: ${measured.map((mode) => `${mode} ${seconds(ends(mode)[1].applyMs)} s for ${ends(mode)[1].count}`).join(', ')}.`,
  ];
}

const emulated = rows.some(({ acceleration }) => acceleration === 'tcg');
const text = `${[
  '# What a connection costs with many Services',
  '',
  `Written by \`npm run services\` on Linux ${kernels[0]}${emulated ? ', an emulated processor' : ''}, ${cpus().length} × ${cpus()[0].model.trim()}.`,
  'All modes on one kernel, one after the other, in the same machine.',
  '',
  '![latency over the number of Services](services.svg)',
  '',
  '## Latency of the first packet, in microseconds',
  '',
  "From the SYN leaving the client's interface to the same SYN, translated, reaching the endpoint's, on one node, from the",
  `timestamps of the captures. Median (5th–95th percentile) of ${values.connections} new connections, spread evenly over all`,
  'Services, one after the other. In mode userspace that includes the handshake with the proxy, which only then asks the endpoint.',
  '',
  table(
    'Services',
    ({ latency }) => `${microseconds(latency.p50)} (${microseconds(latency.p5)}–${microseconds(latency.p95)})`,
  ),
  '',
  '## Loading the rules of all Services, in seconds',
  '',
  'From none to all at once: what a kube-proxy does when it starts. Devices and addresses included, compilation not.',
  '',
  table('Services', ({ applyMs }) => seconds(applyMs)),
  '',
  '## Memory, in MiB',
  '',
  'What is in use once the rules stand, above what was before (MemTotal − MemFree − Buffers − Cached − SReclaimable).',
  '',
  table('Services', ({ memory }) => mebibytes(memory)),
  '',
  ...besidePublished(),
  ...(failures.length > 0
    ? [
        '',
        '## What did not finish',
        '',
        ...failures.map(({ mode, count, failure }) => `* ${mode} with ${count} Services: ${failure}`),
      ]
    : []),
].join('\n')}\n`;

if (values.print) process.stdout.write(text);
else {
  writeFileSync(
    'docs/services.svg',
    plot(modes, sizes, (mode, count) => find(mode, count)?.latency),
  );
  writeFileSync('docs/services.md', text);
}
