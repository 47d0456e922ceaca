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
const LIMIT_MS = 15 * 60_000;

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
  `timestamps of the captures. Median (5th–95th percentile) of ${values.connections} new connections, each to another Service, spread evenly`,
  'over all of them. In mode userspace that includes the handshake with the proxy, which only then asks the endpoint.',
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
