/** Frame[] and ProbeRun[] → Walk[]: one walk a probe, and one each of the questions before it. Pure: the same captures give the same walks. */
import type { Frame } from '../decode/packet.ts';
import type { ProbeRun } from '../probe/probe.ts';
import type { Evidence } from './evidence.ts';
import { type Connections, identify, openedConnections, type Sighting } from './identify.ts';
import { legsOf } from './legs.ts';
import { Questions } from './neighbour.ts';
import { outcomeOf } from './outcome.ts';
import { findUnmarked, type Told } from './unmarked.ts';
import type { Walk } from './walk.ts';
import { withSealedPackets } from './wireguard.ts';
import type { Wiring } from './wiring.ts';

export { type Evidence, evidenceOf } from './evidence.ts';
export type { Hop, PacketSummary, Rewrite, Walk } from './walk.ts';
export { Wiring } from './wiring.ts';

export function stitch(runs: readonly ProbeRun[], evidence: Evidence, wiring: Wiring): Walk[] {
  const frames = withSealedPackets(evidence.frames, wiring);
  const all = runs.flatMap((run) => [...(run.queries ?? []), run]);
  const told = findUnmarked(all, frames);
  const toldOf = new Map(all.map((run, index) => [run, told.runs[index]!]));
  const sightings = groupByProbe(frames, told);
  const questions = new Questions(frames, wiring);
  const walkOf = (probe: ProbeRun): Walk => {
    const run = toldOf.get(probe)!;
    const walk = outcomeOf(run, legsOf(run, sightings.get(run.id) ?? []), evidence, wiring);
    const whoHas = questions.answersFor(run.remote.address, [walk.from, ...walk.hops.map(({ place }) => place)]);
    const queries = probe.queries?.map(walkOf);
    return { ...walk, probe, ...(whoHas && { whoHas }), ...(queries && { queries }) };
  };
  return runs.map(walkOf);
}

function groupByProbe(frames: readonly Frame[], { runs, unmarked }: Told): Map<number, Sighting[]> {
  const ids = new Set(runs.map(({ id }) => id));
  const groups = new Map<number, Sighting[]>();
  /** Hardly ever asked for. */
  let opened: Connections | undefined;
  const connections = () => {
    opened ??= openedConnections(frames, ids);
    return opened;
  };
  for (const frame of frames) {
    const sighting = identify(frame, ids, connections, unmarked);
    if (!sighting) continue;
    const group = groups.get(sighting.probe);
    if (group) group.push(sighting);
    else groups.set(sighting.probe, [sighting]);
  }
  return groups;
}
