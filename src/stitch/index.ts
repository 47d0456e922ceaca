/** Frame[] and ProbeRun[] → Walk[]: one walk a probe, and one each of the questions before it. Pure: the same captures give the same walks. */
import type { Frame } from '../decode/packet.ts';
import type { ProbeRun } from '../probe/probe.ts';
import { type Connections, identify, openedConnections, type Sighting } from './identify.ts';
import { legsOf } from './legs.ts';
import { outcomeOf } from './outcome.ts';
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
  const all = runs.flatMap((run) => [...(run.queries ?? []), run]);
  const sightings = groupByProbe(frames, new Set(all.map(({ id }) => id)));
  const walkOf = (run: ProbeRun): Walk => ({
    ...outcomeOf(run, legsOf(run, sightings.get(run.id) ?? []), evidence, wiring),
    ...(run.queries && { queries: run.queries.map(walkOf) }),
  });
  return runs.map(walkOf);
}

function groupByProbe(frames: readonly Frame[], ids: ReadonlySet<number>): Map<number, Sighting[]> {
  const groups = new Map<number, Sighting[]>();
  /** Hardly ever asked for. */
  let opened: Connections | undefined;
  const connections = () => {
    opened ??= openedConnections(frames, ids);
    return opened;
  };
  for (const frame of frames) {
    const sighting = identify(frame, ids, connections);
    if (!sighting) continue;
    const group = groups.get(sighting.probe);
    if (group) group.push(sighting);
    else groups.set(sighting.probe, [sighting]);
  }
  return groups;
}
