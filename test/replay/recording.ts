/** A recording of scripts/record-replay.mjs: the captures, the probes, and the lab they were made in. */
import { readFileSync } from 'node:fs';
import type { Capture } from '../../src/capture/capture.ts';
import { judgeConnections } from '../../src/judge/index.ts';
import type { ConnectionVerdict } from '../../src/judge/verdict.ts';
import type { ProbeRun } from '../../src/probe/probe.ts';
import { evidenceOf, stitch, type Walk, Wiring } from '../../src/stitch/index.ts';
import { prepared } from '../stitch/wirings.ts';

interface Description {
  readonly captures: readonly (Pick<Capture, 'namespace' | 'dropped'> & {
    readonly links: readonly [number, string][];
  })[];
  readonly checks: readonly { readonly name: string; readonly runs: readonly ProbeRun[] }[];
}

export interface Replayed {
  readonly walk: Walk;
  readonly verdict: ConnectionVerdict;
}

function folderOf(topology: string): URL {
  return new URL(`${topology}/`, import.meta.url);
}

function describe(topology: string): Description {
  return JSON.parse(readFileSync(new URL('run.json', folderOf(topology)), 'utf8'));
}

export function capturesOf(topology: string): Capture[] {
  return describe(topology).captures.map(({ links, ...capture }) => ({
    ...capture,
    links: new Map(links),
    pcap: readFileSync(new URL(`${capture.namespace}.pcap`, folderOf(topology))),
  }));
}

/** Decodes, stitches and judges a recording; by the name of the check. */
export function replay(
  topology: string,
  change: (captures: Capture[]) => Capture[] = (captures) => captures,
): ReadonlyMap<string, Replayed> {
  const description = describe(topology);
  const captures = change(capturesOf(topology));
  const { cluster, state } = prepared(topology);
  const wiring = new Wiring(state);
  const runs = description.checks.flatMap((check) => check.runs);
  const walks = new Map(stitch(runs, evidenceOf({ captures }, cluster), wiring).map((walk) => [walk.probe, walk]));
  return new Map(
    description.checks.map(({ name, runs: own }) => {
      const check = cluster.checks.find((candidate) => candidate.name === name);
      if (check?.kind !== 'connection') throw new Error(`${topology} has no check "${name}" any more`);
      const verdict = judgeConnections(
        check,
        own.map((run) => walks.get(run)!),
        wiring,
        0,
      );
      return [name, { walk: walks.get(own[0]!)!, verdict }];
    }),
  );
}
