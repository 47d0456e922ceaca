/** topologies/README.md is true: every check it names is green, and turns red for the reason it gives. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { beforeAll, describe, expect, test as it } from 'vitest';
import { readSources } from '../../src/cli/input.ts';
import type { LabResult } from '../../src/judge/result.ts';
import type { FaultName } from '../../src/model/cluster.ts';
import type { Source } from '../../src/parse/index.ts';
import { prepare, test } from '../../src/pipeline.ts';
import { sandboxes } from './tools.ts';

const FOLDER = 'topologies';
/** Some labs wait for a virtual machine, and all of those share one. */
const LABS = { timeout: 300_000 };

interface Row {
  readonly claim: string;
  readonly topology: string;
  readonly check: string;
  readonly brokenBy: string;
  readonly then: string;
}

const README = readFileSync(`${FOLDER}/README.md`, 'utf8');
const rows: Row[] = README.slice(0, README.indexOf('## Proven elsewhere'))
  .split('\n')
  .filter((line) => /^\| [A-Z]\d+ \|/.test(line))
  .map((line) => {
    const [, claim = '', , topology = '', check = '', brokenBy = '', then = ''] = line
      .split('|')
      .map((cell) => cell.trim());
    return { claim, topology, check, brokenBy, then };
  });

/** A file, and those that it names. */
function sourcesOf(path: string): Source[] {
  return readSources([`${FOLDER}/${path}`]);
}

async function run(sources: readonly Source[], faults: readonly FaultName[]): Promise<LabResult> {
  const { prepared, diagnostics } = prepare(sources, { name: 'claim', namespace: 'default', faults });
  expect(diagnostics.filter(({ severity }) => severity === 'error')).toEqual([]);
  return test(prepared!, { file: sources[0]!.name, sandboxes });
}

const CLAIMS = [
  'K1 K2 K3 K4 K5 K6 K7 K8 K9 K10 K11 K12 K13',
  'D1 D2 D3 D4 D5 D6 D7',
  'I1 I2 I3 I4 I5 I6 I7',
  'R1 R2 R3 R4 R5 R6 R7 R8 R9 R10 R11 R12 R13',
  'N1 N2 N3 N4 N5 N6 N7 N8 N9 N10 N11 N12 N13 N14 N15 N16 N17 N18 N19 N20 N21 N22 N23 N24 N25 N26 N27 N28 N29 N30 N31 N32 N33',
  'B1 B2 B3 B4 B5 B6 B7 B8 B9 B10 B11 B12 B13 B14 B15 B16 B17 B18 B19 B20 B21 B22 B23 B24 B25 B26 B27 B28',
].flatMap((line) => line.split(' '));

describe('the claims table', () => {
  it('has a row for every claim', () => {
    expect(CLAIMS.filter((claim) => !README.includes(`\n| ${claim} |`))).toEqual([]);
  });

  it('names every topology, in the table or below it', () => {
    const names = readdirSync(FOLDER)
      .filter((file) => file.endsWith('.yaml'))
      .map((file) => basename(file, '.yaml'));
    expect(names.filter((name) => !README.includes(`| ${name} |`))).toEqual([]);
  });
});

describe('every check of every topology is green', LABS, () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
  it.concurrent.each(files)('%s', async (file) => {
    const { verdicts, problem } = await run(sourcesOf(file), []);
    expect(problem).toBeUndefined();
    expect(
      verdicts.filter(({ verdict }) => verdict !== 'pass').map(({ check, reason }) => `${check.name}: ${reason}`),
    ).toEqual([]);
  });
});

describe('every check of the table turns red', LABS, () => {
  const groups = [...new Set(rows.map(({ topology, brokenBy }) => `${topology} with ${brokenBy}`))];
  it.concurrent.each(groups)('%s', async (group) => {
    const [topology = '', brokenBy = ''] = group.split(' with ');
    const own = rows.filter((row) => row.topology === topology && row.brokenBy === brokenBy);
    const sources = sourcesOf(`${topology}.yaml`);
    if (brokenBy.endsWith('.yaml')) sources.push(...sourcesOf(brokenBy));
    const faults = brokenBy.endsWith('.yaml') ? [] : [brokenBy as FaultName];

    const { prepared, diagnostics } = prepare(sources, { name: 'claim', namespace: 'default', faults });
    if (!prepared) {
      /** Refused: the reason is the code of the error. */
      for (const row of own) expect(diagnostics.map(({ code }) => code)).toContain(row.then);
      return;
    }
    const { verdicts } = await test(prepared, { file: topology, sandboxes });
    for (const row of own) {
      const verdict = verdicts.find(({ check }) => check.name === row.check);
      expect(verdict, `there is no check "${row.check}" in ${topology}`).toBeDefined();
      const why =
        verdict!.kind === 'connection'
          ? [verdict!.walk?.outcome, ...verdict!.mismatches.map(({ field }) => field)]
          : verdict!.mismatches.map(({ field }) => field);
      expect({ check: row.check, verdict: verdict!.verdict }).toEqual({ check: row.check, verdict: 'fail' });
      expect(why).toContain(row.then);
    }
  });
});

beforeAll(() => {
  expect(rows.length).toBeGreaterThan(50);
});
