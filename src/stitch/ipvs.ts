/**
 * What IPVS did for a walk. It takes packets between two hooks of netfilter, where no rule shows it: its own tables do, in
 * ipvsadm's words.
 */
import type { Walk } from './walk.ts';

/** The tables of one place. */
export interface IpvsTables {
  readonly place: string;
  /** As `ipvsadm -Sn` prints them. */
  readonly servers: string;
  /** As `ipvsadm -Lnc` does. */
  readonly connections: string;
}

/** A virtual server that a packet met. */
export interface Balancing {
  readonly place: string;
  /** `-t 10.96.0.10:80 -s rr` */
  readonly virtual: string;
  /** What it chose: `-r 10.244.2.2:9376 -m -w 1`; undefined: it had nothing to choose. */
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
export function balancingsOf(walk: Walk, tables: readonly IpvsTables[]): Balancing[] {
  const { protocol } = walk.probe;
  const option = OPTIONS[protocol];
  if (option === undefined) return [];
  return tables.flatMap(({ place, servers, connections }) => {
    const hops = walk.hops.filter((hop) => hop.place === place);
    const translation = hops.flatMap(({ rewrites = [] }) => rewrites).find(({ kind }) => kind === 'dnat');
    const asked = translation?.from ?? hops.at(-1)?.packet.destination;
    const commands = linesOf(servers);
    const after = (words: string) => commands.find((line) => line.startsWith(`${words} `))?.slice(words.length + 1);
    const scheduling = after(`-A ${option} ${asked}`);
    if (scheduling === undefined) return [];
    const real = translation && after(`-a ${option} ${asked} -r ${translation.to}`);
    const ends = translation && `${hops[0]!.packet.source} ${asked} ${translation.to}`;
    const entry = linesOf(connections).find((line) => line.startsWith(`${protocol} `) && line.endsWith(` ${ends}`));
    return [
      {
        place,
        virtual: `${option} ${asked} ${scheduling}`,
        ...(real !== undefined && { real: `-r ${translation!.to} ${real}` }),
        ...(entry !== undefined && { entry }),
      },
    ];
  });
}

function linesOf(printed: string): string[] {
  return printed.split('\n').map((line) => line.trim().replace(/\s+/g, ' '));
}
