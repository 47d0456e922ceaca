/** Connections of UDP that conntrack remembers, and that lead to nobody who is an endpoint: looked for, and deleted. */
import type { UdpFlows } from '../compile/kernel-state.ts';
import { flowFilter } from '../plan/command.ts';
import { run, runChecked } from './kernel/command.ts';
import { inside } from './kernel/namespaces.ts';

export async function deleteStaleFlows(namespace: string, flows: Omit<UdpFlows, 'origin'>): Promise<void> {
  const filter = flowFilter(flows);
  const { stdout } = await inside(namespace, () => runChecked(['conntrack', '-L', ...filter], { namespace }));
  const known = new Set(flows.endpoints);
  const stale = new Set(answering(stdout).filter((address) => !known.has(address)));
  /** It may have ended by itself meanwhile. */
  for (const address of stale)
    await inside(namespace, () => run(['conntrack', '-D', ...filter, '--reply-src', address], { namespace }));
}

/** The source of the answers, which is the second one of a line. */
function answering(listing: string): string[] {
  return [...listing.matchAll(/ src=\S+ .* src=(\S+) /g)].map(([, address]) => address!);
}
