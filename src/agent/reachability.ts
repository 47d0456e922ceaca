/** Tries every pair of a matrix in a lab that stands. */
import type { Pair } from '../judge/pairs.ts';
import { type Cell, expectedOf, judgeCell } from '../judge/reachability.ts';
import type { Listener } from '../model/cluster.ts';
import type { ProbeResult } from '../probe/probe.ts';
import type { Lab } from './lab.ts';

/** Those who are denied wait for nothing: many do so at once. */
const MOST_AT_ONCE = 100;
/** What should be reached and was not is asked once more, with this much time. */
const PATIENCE_MS = 3000;

/** Whatever a pair asks for answers meanwhile; afterwards only what answered before. */
export async function tryPairs(
  { cluster, agent }: Pick<Lab, 'cluster' | 'agent'>,
  pairs: readonly Pair[],
  timeoutMs: number,
): Promise<Cell[]> {
  const missing = missingListeners(cluster.listeners, pairs);
  const cells = new Array<Cell>(pairs.length);
  const waiting = pairs.entries();
  const send = async (pair: Pair, timeout: number): Promise<ProbeResult> => {
    const { from, to } = pair;
    const destination = { address: to.address, port: to.port };
    const probe = { namespace: from.netns, protocol: to.protocol, destination, timeoutMs: timeout };
    const [run] = await agent.call('probe', { probe, times: 1 });
    return run!.result;
  };
  const work = async () => {
    for (const [index, pair] of waiting) {
      const result = await send(pair, timeoutMs);
      const again = result.kind !== 'answered' && expectedOf(pair) === 'allowed';
      cells[index] = judgeCell(pair, again ? await send(pair, PATIENCE_MS) : result);
    }
  };
  try {
    if (missing.length > 0) await agent.call('listen', [...cluster.listeners, ...missing]);
    await Promise.all(Array.from({ length: Math.min(MOST_AT_ONCE, pairs.length) }, work));
  } finally {
    if (missing.length > 0) await agent.call('listen', cluster.listeners);
  }
  return cells;
}

/** Of pods that do not have the port that is asked for. */
function missingListeners(listeners: readonly Listener[], pairs: readonly Pair[]): Listener[] {
  const key = ({ netns, port, protocol }: Omit<Listener, 'place'>) => `${netns} ${port}/${protocol}`;
  const known = new Set(listeners.map(key));
  const missing = new Map<string, Listener>();
  for (const { to } of pairs) {
    if (to.isService) continue;
    for (const { end } of to.endsAt(undefined)) {
      const listener = { place: end.pod!.place, netns: end.pod!.netns, port: to.port, protocol: to.protocol };
      if (!known.has(key(listener))) missing.set(key(listener), listener);
    }
  }
  return [...missing.values()];
}
