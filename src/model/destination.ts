/**
 * What a probe is sent to: `service/web:80`, `nodeport/web:80@node1`, `lb/web:80`, `pod/web-0:8080`, `10.0.0.1:53`, `[fd00::1]:53`,
 * `web.prod:80`, a name that its sender resolves, a URL, or a place or address alone, which is pinged.
 */
import { nearest } from '../diagnostic.ts';
import { nameProblem } from '../dns/record.ts';
import { type Family, familyIn, familyOf, isOfFamily } from '../net/address.ts';
import type { Protocol } from '../net/port.ts';
import type { AddressDestination, NameDestination } from './check.ts';
import { type Cluster, type Inhabitants, type Node, objectName, type Service, type ServicePort } from './cluster.ts';
import type { Places } from './place.ts';
import { parseUrl } from './url.ts';

/** Why a text is no destination here: a message and what would be one. */
export class DestinationError extends Error {
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.help = help;
  }
}

export type ResolvedDestination = (AddressDestination | NameDestination) & {
  /** The protocol the destination itself implies; undefined when the sender may choose. */
  readonly protocol?: Protocol | 'ICMP';
};

type Context = Inhabitants & Pick<Cluster, 'services' | 'dns'>;

/**
 * The address meant by a text. Where there is one of each family: that of the `family`, or else the primary one. Throws a
 * DestinationError that says what is wrong with the text.
 */
export function resolveDestination(
  text: string,
  cluster: Context,
  places: Places,
  family?: Family,
): ResolvedDestination {
  const [kind = '', rest = ''] = splitOnce(text, '/');
  switch (kind) {
    case 'service':
      return serviceAddress(text, rest, cluster, places, ({ service, port }) => ({
        address: choose(service.clusterIPs, family, `Service ${serviceName(service)}`),
        port: port.port,
      }));
    case 'lb':
      return serviceAddress(text, rest, cluster, places, ({ service, port }) => {
        if (service.ingressIPs.length === 0) {
          throw new DestinationError(
            `Service ${serviceName(service)} has no load balancer address`,
            'set status.loadBalancer.ingress or spec.loadBalancerIP, or describe who gives it one in spec.loadBalancers',
          );
        }
        const whose = `the load balancer of Service ${serviceName(service)}`;
        return { address: choose(service.ingressIPs, family, whose), port: port.port };
      });
    case 'nodeport': {
      const [reference = '', nodeName] = splitOnce(rest, '@');
      return serviceAddress(text, reference, cluster, places, ({ service, port }) => {
        if (port.nodePort === undefined)
          throw new DestinationError(`port ${port.port} of Service ${serviceName(service)} has no NodePort`);
        const node = nodeOf(text, nodeName, cluster);
        const meant = choose(service.clusterIPs, family, `Service ${serviceName(service)}`);
        return { address: choose(node.addresses, familyIn(meant), node.place), port: port.nodePort };
      });
    }
    case 'http:':
    case 'https:':
      return url(text, cluster, places, family);
    default:
      return isName(text) ? named(text, family, cluster) : plain(text, family, places);
  }
}

const URL_HELP =
  'write http://HOST[:PORT]/PATH@NODE; instead of a node, a place, an address, service/NAME or lb/NAME may say where it leads, or, with spec.cluster.dns: {}, the DNS';

/** Without saying where it leads, its sender resolves the name. Of a Service, the port of the URL is meant. */
function url(text: string, cluster: Context, places: Places, family: Family | undefined): ResolvedDestination {
  const parsed = parseUrl(text);
  if (!parsed) throw new DestinationError(`"${text}" is not a URL that can be asked for`, URL_HELP);
  const { scheme, host, path, port, name, at } = parsed;
  const common = { text, port, protocol: 'TCP', http: { scheme, host, path } } as const;
  if (at === undefined && familyOf(name) === undefined) {
    if (!cluster.dns) throw new DestinationError(`${text} does not say where ${name} leads`, URL_HELP);
    return { ...common, name, ...(family !== undefined && { family }) };
  }
  const found = (address: string): ResolvedDestination => ({ ...common, address });
  if (at === undefined) return found(choose([name], family, `"${text}"`));
  if (!at.includes('/') && familyOf(at) === undefined)
    return found(choose(nodeOf(text, at, cluster).addresses, family, `node/${at}`));
  const isService = /^(service|lb)\//.test(at);
  if (isService && at.includes(':')) throw new DestinationError(`${at} has a port, and so has the URL`, URL_HELP);
  const target = resolveDestination(isService ? `${at}:${port}` : at, cluster, places, family);
  if (!('address' in target)) throw new DestinationError(`${at} is a name, and the URL has one`, URL_HELP);
  return found(target.address);
}

/** `NAME:PORT` or `NAMESPACE/NAME:PORT`; PORT is a number, a name, or left out when there is one port. */
function serviceAddress(
  text: string,
  reference: string,
  cluster: Context,
  places: Places,
  pick: (found: { service: Service; port: ServicePort }) => { address: string; port: number },
): ResolvedDestination {
  const [path = '', portText] = splitOnce(reference, ':');
  const [first = '', second] = splitOnce(path, '/');
  const [namespace, name] = second === undefined ? [places.namespace, first] : [first, second];
  const service = cluster.services.find((candidate) => candidate.namespace === namespace && candidate.name === name);
  if (!service) {
    const names = cluster.services.map(serviceName);
    const guess = nearest(objectName(namespace, name), names);
    throw new DestinationError(
      `there is no Service ${objectName(namespace, name)} with a cluster address`,
      guess ? `did you mean "${guess}"?` : `Services here: ${names.join(', ') || 'none'}`,
    );
  }
  const port = portOf(service, portText);
  return { text, ...pick({ service, port }), protocol: port.protocol };
}

/** Ports of one number may differ in protocol; the first one declared is meant unless `/UDP` is appended. */
function portOf(service: Service, text: string | undefined): ServicePort {
  const available = service.ports
    .map(({ name, port, protocol }) => `${port}/${protocol}${name ? ` (${name})` : ''}`)
    .join(', ');
  if (text === undefined) {
    const [only, ...others] = service.ports;
    if (!only || others.length > 0)
      throw new DestinationError(`which port of Service ${serviceName(service)}?`, `ports: ${available}`);
    return only;
  }
  const [wanted, protocol] = splitOnce(text, '/');
  const port = service.ports.find(
    (candidate) =>
      (String(candidate.port) === wanted || candidate.name === wanted) &&
      (protocol === undefined || candidate.protocol === protocol.toUpperCase()),
  );
  if (!port) throw new DestinationError(`Service ${serviceName(service)} has no port ${text}`, `ports: ${available}`);
  return port;
}

function nodeOf(text: string, name: string | undefined, { nodes }: Context): Node {
  const node = nodes.find((candidate) => candidate.name === name);
  if (!node) {
    const names = nodes.map((candidate) => candidate.name).join(', ');
    throw new DestinationError(
      name === undefined ? `${text} does not say which node` : `there is no node ${name}`,
      `write ${text.replace(/@.*/, '')}@NODE; nodes here: ${names}`,
    );
  }
  return node;
}

/** Whether a text is a name with a port. What ends in a number is meant to be an address (RFC 1123 2.1). */
export function isName(text: string): boolean {
  const name = NAME.exec(text)?.groups?.name;
  return name !== undefined && /[a-z][^.]*\.?$/i.test(name);
}

const NAME = /^(?<name>[^/:[\]@]+):(?<port>[0-9]+)(?:\/(?<protocol>TCP|UDP|SCTP))?$/i;

function named(text: string, family: Family | undefined, { dns }: Context): ResolvedDestination {
  const { name = '', port, protocol } = NAME.exec(text)!.groups!;
  const problem = nameProblem(name);
  if (problem !== undefined) throw new DestinationError(`this is no name of DNS: ${problem}`, HELP);
  if (!dns)
    throw new DestinationError(
      `"${name}" is a name, and this cluster has no DNS`,
      `give it one, with spec.cluster.dns: {}, or ${HELP}`,
    );
  return {
    text,
    name,
    port: portNumber(Number(port)),
    ...(family !== undefined && { family }),
    ...(protocol && { protocol: protocol.toUpperCase() as Protocol }),
  };
}

function portNumber(port: number): number {
  if (port < 1 || port > 65535) throw new DestinationError(`${port} is not a port`, 'ports are 1 to 65535');
  return port;
}

/** A place or an address, with a port or, for a ping, without. */
function plain(text: string, family: Family | undefined, places: Places): ResolvedDestination {
  const match =
    /^(?<target>\[[^\]]+\]|[^:]+|[0-9a-fA-F:]+)(?::(?<port>[0-9]+)(?:\/(?<protocol>TCP|UDP|SCTP))?)?$/i.exec(text);
  const target = match?.groups?.target?.replace(/^\[|\]$/g, '');
  if (!match || target === undefined) throw new DestinationError(`"${text}" is not a destination`, HELP);
  const port = match.groups?.port === undefined ? undefined : portNumber(Number(match.groups.port));
  const address =
    familyOf(target) === undefined ? placeAddress(text, target, family, places) : choose([target], family, `"${text}"`);
  const protocol = port === undefined ? 'ICMP' : (match.groups?.protocol?.toUpperCase() as Protocol | undefined);
  return { text, address, ...(port !== undefined && { port }), ...(protocol && { protocol }) };
}

const HELP =
  'write service/NAME:PORT, nodeport/NAME:PORT@NODE, lb/NAME:PORT, PLACE:PORT, ADDRESS:PORT, DNS-NAME:PORT, http://HOST/PATH@NODE, or a place alone to ping it';

function placeAddress(text: string, target: string, family: Family | undefined, places: Places): string {
  const place = places.find(target);
  if (place && place.addresses.length > 0) return choose(place.addresses, family, place.place);
  if (place)
    throw new DestinationError(
      `${target} has no address`,
      'its network is none: only itself can reach it, at 127.0.0.1',
    );
  if (!target.includes('/')) throw new DestinationError(`"${text}" is not a destination`, HELP);
  const { message, help } = places.explain(target);
  throw new DestinationError(message, help);
}

/** The first of at least one address, or the first of the family. */
function choose(addresses: readonly string[], family: Family | undefined, whose: string): string {
  const address = family === undefined ? addresses[0] : addresses.find((each) => isOfFamily(each, family));
  if (address === undefined)
    throw new DestinationError(`${whose} has no IPv${family} address, only ${addresses.join(', ')}`);
  return address;
}

function serviceName({ namespace, name }: Service): string {
  return objectName(namespace, name);
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, undefined] : [text.slice(0, index), text.slice(index + separator.length)];
}
