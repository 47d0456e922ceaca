/** Hops as lines to compare: what was translated, then where the packet was. */
import type { Hop } from '../../src/stitch/walk.ts';

/** `node/node1 eth0 in`, `node/node1 eth0 out vxlan`, and before it `DNAT 10.0.0.11:30080 → 10.244.2.2:8080` or a relay. */
export function hopLines(hops: readonly Hop[]): string[] {
  return hops.flatMap(({ place, interface: device, direction, encapsulation, relay, rewrites = [] }) => [
    ...(relay
      ? [`  RELAY ${relay.from.source} → ${relay.from.destination} as ${relay.to.source} → ${relay.to.destination}`]
      : []),
    ...rewrites.map(({ kind, from, to }) => `  ${kind.toUpperCase()} ${from} → ${to}`),
    [place, device, direction, encapsulation?.as].filter(Boolean).join(' '),
  ]);
}
