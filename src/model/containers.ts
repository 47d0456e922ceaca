/** The containers of Docker Engines: in whose network namespace each is, at which address, and on which ports. */
import { type Diagnostics, nearest, type Position } from '../diagnostic.ts';
import { cidrsOverlap, parseCidr } from '../net/address.ts';
import { namespaceName } from '../net/name.ts';
import { formatPort, type Port, type PublishedPort, parsePort, parsePublishedPort } from '../net/port.ts';
import type { ManifestOf } from '../parse/index.ts';
import { CONTAINER_NETWORKS, type ContainerObject } from '../parse/schema/topology.ts';
import type { Path } from '../parse/yaml.ts';
import type { Container, Host, Network } from './cluster.ts';
import { AddressPool } from './pool.ts';
import { reportTakenPorts, reportUnpublishable } from './published-ports.ts';

/** Docker's first choice for docker0 (moby daemon/libnetwork/ipamutils); the bridge has the first address. */
export const DOCKER_CIDR = parseCidr('172.17.0.0/16')!;
const GATEWAY = 1;
const FIRST_CONTAINER = 2;

export function modelContainers(
  topology: ManifestOf<'Topology'> | undefined,
  hosts: readonly Host[],
  networks: readonly Network[],
  diagnostics: Diagnostics,
): Container[] {
  return (topology?.object.spec.hosts ?? []).flatMap(({ name, docker }, index) => {
    const host = hosts.find((candidate) => candidate.name === name);
    if (!host || !docker) return [];
    const locate = (path: Path) => topology!.locate(['spec', 'hosts', index, ...path]);
    reportOverlap(host, networks, locate(['docker']), diagnostics);
    const drafts = docker.containers.map(
      (object, container): Draft => ({
        ...object,
        place: `container/${name}/${object.name}`,
        listen: object.listen.flatMap((port) => parsePort(port) ?? []),
        publish: object.publish.flatMap((port) => parsePublishedPort(port) ?? []),
        locate: (path) => locate(['docker', 'containers', container, ...path]),
      }),
    );
    reportDuplicates(drafts, diagnostics);
    const containers = placed(drafts, host, diagnostics);
    reportTakenPorts(host, containers, (port) => locate(['listen', port]), diagnostics);
    return containers.map(({ container }) => container);
  });
}

/** A container as the file has it, its ports read. */
export interface Draft extends Pick<ContainerObject, 'name' | 'network'> {
  readonly place: string;
  readonly listen: readonly Port[];
  readonly publish: readonly PublishedPort[];
  readonly locate: (path: Path) => Position;
}

export interface Placed {
  readonly draft: Draft;
  readonly container: Container;
}

function placed(drafts: readonly Draft[], host: Host, diagnostics: Diagnostics): Placed[] {
  const pool = new AddressPool(DOCKER_CIDR, `docker0 of ${host.place}`, diagnostics);
  pool.take(GATEWAY, host.place, undefined);
  const addresses = new Map(
    drafts
      .filter(({ network }) => network === 'bridge')
      .map((draft) => [draft, pool.take(FIRST_CONTAINER, draft.place, draft.locate([]))]),
  );
  const owners = new Map(drafts.map((draft) => [draft, ownerOf(draft, drafts, diagnostics)]));
  const answered = (of: Draft | undefined, wanted: Port) =>
    drafts.some(
      (draft) => owners.get(draft) === of && draft.listen.some((port) => formatPort(port) === formatPort(wanted)),
    );
  return drafts.flatMap((draft) => {
    const owner = owners.get(draft);
    if (!owner) return [];
    reportUnpublishable(draft, host, diagnostics);
    const onHost = owner.network === 'host';
    const own = onHost ? host.addresses : [addresses.get(owner) ?? []].flat();
    const { file, line } = draft.locate([]);
    return {
      draft,
      container: {
        place: draft.place,
        netns: onHost ? host.netns : namespaceName('container', host.name, owner.name),
        name: draft.name,
        host,
        network: isMode(draft.network) ? draft.network : 'container',
        addresses: own,
        ...(own[0] !== undefined && { address: own[0] }),
        /** Behind a port that is published somebody answers. */
        listen: [...draft.listen, ...draft.publish.filter((port) => !answered(owner, port)).map(portOf)],
        published: draft.publish,
        origin: { file, line },
      },
    };
  });
}

function portOf({ port, protocol }: Port): Port {
  return { port, protocol };
}

function isMode(network: string): network is (typeof CONTAINER_NETWORKS)[number] {
  return CONTAINER_NETWORKS.some((mode) => mode === network);
}

/** Who made the namespace a container is in, through all that joined it before. */
function ownerOf(draft: Draft, drafts: readonly Draft[], diagnostics: Diagnostics): Draft | undefined {
  const way = [draft];
  for (;;) {
    const last = way.at(-1)!;
    if (isMode(last.network)) return last;
    const name = last.network.slice('container:'.length);
    const next = drafts.find((candidate) => candidate.name === name);
    if (!next) {
      if (last === draft) reportUnknown(draft, name, drafts, diagnostics);
      return undefined;
    }
    if (way.includes(next)) {
      /** Once, for the first of them. */
      if (next === draft && way.every((other) => drafts.indexOf(other) >= drafts.indexOf(draft)))
        reportCycle(way, diagnostics);
      return undefined;
    }
    way.push(next);
  }
}

function reportUnknown(draft: Draft, name: string, drafts: readonly Draft[], diagnostics: Diagnostics): void {
  const names = drafts.filter((other) => other !== draft).map((other) => other.name);
  const guess = nearest(name, names);
  diagnostics.error(
    'unknown-container',
    `${draft.place} joins container ${name}, and there is none on its host`,
    draft.locate(['network']),
    guess ? `did you mean "${guess}"?` : `others there: ${names.join(', ') || 'none'}`,
  );
}

function reportCycle(way: readonly Draft[], diagnostics: Diagnostics): void {
  const [first, ...others] = way;
  const joined = [...others, first!].map(({ name }) => name).join(', which joins ');
  diagnostics.error(
    'container-cycle',
    `${first!.place} joins ${joined}: none of them has a network`,
    first!.locate(['network']),
    'one of them needs a network of its own: bridge, host or none',
  );
}

function reportDuplicates(drafts: readonly Draft[], diagnostics: Diagnostics): void {
  const seen = new Set<string>();
  for (const { place, locate } of drafts) {
    if (seen.has(place)) diagnostics.error('duplicate-name', `${place} stands here twice`, locate(['name']));
    seen.add(place);
  }
}

function reportOverlap(host: Host, networks: readonly Network[], at: Position, diagnostics: Diagnostics): void {
  for (const { name, cidr } of networks.filter((network) => cidrsOverlap(network.cidr, DOCKER_CIDR)))
    diagnostics.error(
      'overlapping-ranges',
      `docker0 of ${host.place}, ${DOCKER_CIDR.text}, overlaps network ${name}, ${cidr.text}`,
      at,
      'give the network another range',
    );
}
