/** What IPVS did for a walk: read off its tables, in ipvsadm's words. */
import type { RuleTrace } from '../capture/rule-trace.ts';
import type { Walk } from './walk.ts';
import type { Wiring } from './wiring.ts';

/** A virtual server that a packet met. */
export interface Balancing {
  readonly place: string;
  /** `-t 10.96.0.10:80 -s rr` */
  readonly virtual: string;
  /** What it chose: `-r 10.244.2.2:9376 -m -w 1`; undefined: it has nothing to choose from. */
  readonly real?: string;
  /** The connection in IPVS's own table. */
  readonly entry?: string;
}

const OPTIONS: Record<Walk['probe']['protocol'], string | undefined> = {
  TCP: '-t',
  UDP: '-u',
  SCTP: '--sctp-service',
  ICMP: undefined,
};

/** Each place translates a destination once at most: what it sends on is nobody's virtual server any more. */
export function balancingsOf(walk: Walk, traces: readonly RuleTrace[], wiring: Wiring): Balancing[] {
  const { protocol } = walk.probe;
  const option = OPTIONS[protocol];
  if (option === undefined) return [];
  return traces.flatMap(({ namespace, ipvs }) => {
    if (!ipvs) return [];
    const place = wiring.placeOf(namespace);
    const hops = walk.hops.filter((hop) => hop.place === place);
    const translation = hops.flatMap(({ rewrites = [] }) => rewrites).find(({ kind }) => kind === 'dnat');
    const asked = translation?.from ?? hops.at(-1)?.packet.destination;
    const servers = linesOf(ipvs.servers);
    const after = (words: string) => servers.find((line) => line.startsWith(`${words} `))?.slice(words.length + 1);
    const scheduling = after(`-A ${option} ${asked}`);
    if (scheduling === undefined) return [];
    const virtual = { place, virtual: `${option} ${asked} ${scheduling}` };
    if (!translation) return after(`-a ${option} ${asked}`) === undefined ? [virtual] : [];
    const real = after(`-a ${option} ${asked} -r ${translation.to}`);
    const ends = `${hops[0]!.packet.source} ${asked} ${translation.to}`;
    const entry = linesOf(ipvs.connections).find(
      (line) => line.startsWith(`${protocol} `) && line.endsWith(` ${ends}`),
    );
    return [
      {
        ...virtual,
        ...(real !== undefined && { real: `-r ${translation.to} ${real}` }),
        ...(entry !== undefined && { entry }),
      },
    ];
  });
}

function linesOf(printed: string): string[] {
  return printed.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
}
