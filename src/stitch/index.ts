/** Frame[] and ProbeRun[] → Walk[]: one walk a probe. Pure: the same captures give the same walks. */
import type { Frame } from '../decode/packet.ts';
import type { ProbeRun } from '../probe/probe.ts';
import { type Connections, identify, openedConnections, type Sighting } from './identify.ts';
import { legsOf } from './legs.ts';
import { Questions } from './neighbour.ts';
import { outcomeOf } from './outcome.ts';
import { findUnmarked, type Told } from './unmarked.ts';
import type { Walk } from './walk.ts';
import { withSealedPackets } from './wireguard.ts';
import type { Wiring } from './wiring.ts';

export type { Hop, PacketSummary, Rewrite, Walk } from './walk.ts';
export { Wiring } from './wiring.ts';

/** What the captures of a lab show. `blind` names the namespaces whose silence means nothing, and why. */
export interface Evidence {
  readonly frames: readonly Frame[];
  readonly blind: ReadonlyMap<string, string>;
}

export function stitch(runs: readonly ProbeRun[], evidence: Evidence, wiring: Wiring): Walk[] {
  const frames = withSealedPackets(evidence.frames, wiring);
  const told = findUnmarked(runs, frames);
  const sightings = groupByProbe(frames, told);
  const questions = new Questions(frames, wiring);
  return told.runs.map((run, index) => {
    const walk = outcomeOf(run, legsOf(run, sightings.get(run.id) ?? []), evidence, wiring);
    const whoHas = questions.answersFor(run.remote.address, [walk.from, ...walk.hops.map(({ place }) => place)]);
    return { ...walk, probe: runs[index]!, ...(whoHas && { whoHas }) };
  });
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
