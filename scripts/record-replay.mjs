/**
 * Records what the replay tests decode and stitch: for some checks the captures, the links behind their numbers, and
 * what the probes reported. Needs a built dist/ and what a lab needs; no packet leaves the lab.
 *
 *   npm run build && node scripts/record-replay.mjs [TOPOLOGY…]       writes test/replay/TOPOLOGY/
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { prepare, Sandboxes, test } from '../dist/index.js';

/** Which checks to record; `undefined`: all. */
const RECORDINGS = {
  'nodeport-snat': /hides the client|a pod may use/,
  'cross-node-vxlan': /no address is translated|ping takes|a full packet/,
  'nodeport-without-snat': undefined,
  'no-endpoints': /ClusterIP without|NodePort without/,
  'mtu-black-hole': undefined,
};

/** Bytes kept of a packet: headers, quoted packets, and the beginning of the payload. */
const SNAP_LENGTH = 192;
const FILE_HEADER = 24;
const RECORD_HEADER = 16;

const chosen = process.argv.slice(2);
for (const [name, pattern] of Object.entries(RECORDINGS)) {
  if (chosen.length === 0 || chosen.includes(name)) await record(name, pattern);
}
execFileSync('npx', ['biome', 'format', '--write', 'test/replay'], { stdio: 'inherit' });

async function record(name, pattern) {
  const file = `topologies/${name}.yaml`;
  const { prepared, diagnostics } = prepare([{ name: file, text: readFileSync(file, 'utf8') }], {
    name,
    namespace: 'default',
  });
  if (!prepared) throw new Error(JSON.stringify(diagnostics));
  const select = (check) => check.kind === 'connection' && (pattern === undefined || pattern.test(check.name));
  const { verdicts, problem, kernel } = await test(prepared, {
    file,
    sandboxes: new Sandboxes(),
    select,
    onCaptures: async (lab, { captures, result }) => save(name, lab, captures, result),
  });
  const failed = verdicts.filter(({ verdict }) => verdict !== 'pass');
  if (problem || failed.length > 0) throw new Error(`${name}: ${problem?.message ?? failed[0].reason}`);
  process.stdout.write(`${name}: ${verdicts.length} checks, Linux ${kernel}\n`);
}

function save(name, { kernel, sandbox }, captures, performed) {
  const folder = `test/replay/${name}`;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { namespace, pcap } of captures) writeFileSync(`${folder}/${namespace}.pcap`, shortened(pcap));
  const description = {
    kernel,
    sandbox,
    captures: captures.map(({ namespace, links, dropped }) => ({ namespace, links: [...links], dropped })),
    checks: performed.map(({ check, runs }) => ({ name: check.name, runs })),
  };
  writeFileSync(`${folder}/run.json`, JSON.stringify(description, null, 2));
}

/** As `tcpdump -s` would have written it. */
function shortened(pcap) {
  const records = [];
  for (let offset = FILE_HEADER; offset + RECORD_HEADER <= pcap.length; ) {
    const captured = pcap.readUInt32LE(offset + 8);
    const kept = Math.min(captured, SNAP_LENGTH);
    const header = Buffer.from(pcap.subarray(offset, offset + RECORD_HEADER));
    header.writeUInt32LE(kept, 8);
    records.push(header, pcap.subarray(offset + RECORD_HEADER, offset + RECORD_HEADER + kept));
    offset += RECORD_HEADER + captured;
  }
  const fileHeader = Buffer.from(pcap.subarray(0, FILE_HEADER));
  fileHeader.writeUInt32LE(SNAP_LENGTH, 16);
  return Buffer.concat([fileHeader, ...records]);
}
