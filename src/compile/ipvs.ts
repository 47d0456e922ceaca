/** Virtual servers of the kernel's load balancer, as data and as what `ipvsadm --restore` reads (ipvsadm(8)). */
import type { Origin } from '../diagnostic.ts';

export interface VirtualServer {
  readonly protocol: 'tcp' | 'udp' | 'sctp';
  /** `10.96.0.1:443` or `[fd00::1]:443`. */
  readonly address: string;
  readonly scheduler: string;
  /** Flags of the scheduler: `mh-port`. */
  readonly flags?: string;
  /** Seconds a client sticks to its real server. */
  readonly persistentSeconds?: number;
  /** Masqueraded, in the order in which they are added. */
  readonly servers: readonly RealServer[];
  readonly origin: Origin;
}

export interface RealServer {
  readonly address: string;
  readonly weight: number;
}

const OPTION = { tcp: '-t', udp: '-u', sctp: '--sctp-service' } as const;

export function formatVirtualServers(services: readonly VirtualServer[]): string {
  return lines(
    services.flatMap((service) => [
      `-A ${definition(service)}`,
      ...service.servers.map((server) => add(service, server)),
    ]),
  );
}

/**
 * What turns one table into the other. `retired` are real servers that go, by the words that name them in a command: they
 * get no new connections, and are removed when their old ones have ended. Those of a protocol that does not say when one ends
 * are removed at once (kubernetes pkg/proxy/ipvs/graceful_termination.go).
 */
export function changeVirtualServers(
  from: readonly VirtualServer[],
  to: readonly VirtualServer[],
): { text: string; retired: readonly string[] } {
  const old = new Map(from.map((service) => [key(service), service]));
  const wanted = new Set(to.map(key));
  const gone = from.filter((service) => !wanted.has(key(service))).map((service) => `-D ${key(service)}`);
  const kept = to.flatMap((service) => {
    const before = old.get(key(service));
    return before ? [{ before, service }] : [];
  });
  return {
    text:
      lines([...gone, ...kept.flatMap(({ before, service }) => changeServer(before, service))]) +
      formatVirtualServers(to.filter((service) => !old.has(key(service)))),
    retired: kept
      .filter(({ service }) => service.protocol === 'tcp')
      .flatMap(({ before, service }) => surplus(before, service).map((server) => reference(service, server))),
  };
}

function surplus(before: VirtualServer, { servers }: VirtualServer): RealServer[] {
  const shall = new Set(servers.map(({ address }) => address));
  return before.servers.filter(({ address }) => !shall.has(address));
}

function changeServer(before: VirtualServer, service: VirtualServer): string[] {
  const weights = new Map(before.servers.map(({ address, weight }) => [address, weight]));
  return [
    ...(definition(before) === definition(service) ? [] : [`-E ${definition(service)}`]),
    ...(service.protocol === 'tcp' ? [] : surplus(before, service).map((server) => `-d ${reference(service, server)}`)),
    ...service.servers.flatMap((server) => {
      const weight = weights.get(server.address);
      if (weight === undefined) return [add(service, server)];
      return weight === server.weight ? [] : [`-e ${reference(service, server)} -m -w ${server.weight}`];
    }),
  ];
}

function key({ protocol, address }: VirtualServer): string {
  return `${OPTION[protocol]} ${address}`;
}

function definition(service: VirtualServer): string {
  const { scheduler, flags, persistentSeconds } = service;
  const sticky = persistentSeconds === undefined ? '' : ` -p ${persistentSeconds}`;
  return `${key(service)} -s ${scheduler}${sticky}${flags === undefined ? '' : ` -b ${flags}`}`;
}

/** By which a real server is named in every command. */
function reference(service: VirtualServer, { address }: RealServer): string {
  return `${key(service)} -r ${address}`;
}

function add(service: VirtualServer, server: RealServer): string {
  return `-a ${reference(service, server)} -m -w ${server.weight}`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
