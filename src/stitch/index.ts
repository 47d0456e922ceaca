/** Frame[] and ProbeRun[] → Walk[]: one walk a probe. Pure: the same captures give the same walks. */
import type { Frame } from '../decode/packet.ts';
import type { ProbeRun } from '../probe/probe.ts';
import { identify, type Sighting } from './identify.ts';
import { outcomeOf } from './outcome.ts';
import { byTime, origin } from './time.ts';
import type { Walk } from './walk.ts';
import type { Wiring } from './wiring.ts';

export type { Hop, PacketSummary, Rewrite, Walk } from './walk.ts';
export { Wiring } from './wiring.ts';

/** What the captures of a lab show. `blind` names the namespaces whose silence means nothing, and why. */
export interface Evidence {
  readonly frames: readonly Frame[];
  readonly blind: ReadonlyMap<string, string>;
}

/** One packet: everywhere it was seen. */
export type SeenPacket = readonly Sighting[];

/** The packets of one probe, apart by what they are, in order of first sight. */
export interface ProbeFrames {
  readonly requests: readonly SeenPacket[];
  readonly answers: readonly SeenPacket[];
  readonly errors: readonly SeenPacket[];
}

export function stitch(runs: readonly ProbeRun[], evidence: Evidence, wiring: Wiring): Walk[] {
  const probes = groupByProbe(evidence.frames, new Set(runs.map(({ id }) => id)));
  const none: ProbeFrames = { requests: [], answers: [], errors: [] };
  return runs.map((run) => outcomeOf(run, probes.get(run.id) ?? none, evidence, wiring));
}

function groupByProbe(frames: readonly Frame[], ids: ReadonlySet<number>): Map<number, ProbeFrames> {
  const groups = new Map<number, Record<Sighting['kind'], Map<string, Sighting[]>>>();
  for (const frame of frames) {
    const sighting = identify(frame, ids);
    if (!sighting) continue;
    const group = groups.get(sighting.probe) ?? { request: new Map(), answer: new Map(), error: new Map() };
    groups.set(sighting.probe, group);
    const packets = group[sighting.kind];
    const packet = packets.get(sighting.key);
    if (packet) packet.push(sighting);
    else packets.set(sighting.key, [sighting]);
  }
  const inOrder = (packets: Map<string, Sighting[]>) =>
    [...packets.values()].sort((a, b) => byTime(origin(a), origin(b)));
  return new Map(
    [...groups].map(([id, { request, answer, error }]) => [
      id,
      { requests: inOrder(request), answers: inOrder(answer), errors: inOrder(error) },
    ]),
  );
}
