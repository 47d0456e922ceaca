/** The objects of a namespace, each as the operation that makes it. */
import { DAEMON_PROGRAMS, type DaemonProgram } from '../compile/daemon.ts';
import {
  DEVICE_SETTINGS,
  type DeviceSetting,
  type DeviceSettings,
  type KernelState,
  type Link,
  type Namespace,
  type VethLink,
} from '../compile/kernel-state.ts';
import { RELAY_PROGRAMS } from '../compile/relay.ts';
import type { Origin } from '../diagnostic.ts';
import type { NewLink, Operation, SetDaemon } from './operation.ts';

export function addNamespace({ name, origin }: Namespace): Operation[] {
  return [{ kind: 'add-namespace', namespace: name, origin }];
}

export function setSysctls({ name, sysctls }: Namespace): Operation[] {
  return sysctls.map(({ origin, ...sysctl }) => ({ kind: 'set-sysctl', namespace: name, sysctl, origin }));
}

export function setLoopback({ name, origin }: Namespace): Operation[] {
  return [{ kind: 'set-link', namespace: name, change: { name: 'lo', up: true }, origin }];
}

/** A bridge before its ports, the device below a tunnel before the tunnel. */
export const LINK_ORDER: readonly Link['kind'][] = [
  'dummy',
  'bridge',
  'veth',
  'external-vxlan',
  'vxlan',
  'ipip',
  'tunl0',
  'tun',
  'wireguard',
];

/** The links of these namespaces. `state` has the other ends of their cables. */
export function makeLinks(namespaces: readonly Namespace[], state: KernelState): Operation[] {
  const all = linksOf(state);
  return LINK_ORDER.flatMap((kind) =>
    namespaces.flatMap(({ name: namespace, links }) =>
      links
        .filter((link) => link.kind === kind)
        /** The other end of a cable comes with the one it is made from. */
        .filter((link) => link.kind !== 'veth' || link.creates)
        .flatMap((link) => makeLink(namespace, link, all)),
    ),
  );
}

/**
 * A TUN device is made by other means than a link, and has the MTU of an Ethernet then. One of WireGuard's gets its key and
 * its peers by other means.
 */
function makeLink(namespace: string, link: Link, all: ReadonlyMap<string, Placed>): Operation[] {
  const { name, mtu, origin } = link;
  if (link.kind === 'tun')
    return [
      { kind: 'add-tun', namespace, name, origin },
      { kind: 'set-link', namespace, change: { name, mtu }, origin },
    ];
  const made: Operation = { kind: 'add-link', namespace, link: newLink(link, all), origin };
  if (link.kind !== 'wireguard') return [made];
  const { privateKey, listenPort, peers } = link;
  return [made, { kind: 'set-wireguard', namespace, device: { name, privateKey, listenPort, peers }, origin }];
}

function newLink(link: Exclude<Link, { kind: 'tun' }>, all: ReadonlyMap<string, Placed>): NewLink {
  const { name, mtu } = link;
  switch (link.kind) {
    case 'bridge':
    case 'dummy':
      return { kind: link.kind, name, mtu, mac: link.mac };
    case 'veth': {
      const { mac } = link;
      const { namespace } = link.peer;
      const peer = all.get(linkKey(namespace, link.peer.name))!.link as VethLink;
      return { kind: 'veth', name, mtu, mac, peer: { namespace, name: peer.name, mtu: peer.mtu, mac: peer.mac } };
    }
    case 'vxlan': {
      const { mac, vni, port, local, device, learning, gbp } = link;
      return { kind: 'vxlan', name, mtu, mac, vni, port, local, device, learning, gbp };
    }
    case 'external-vxlan':
      return { kind: 'external-vxlan', name, mtu, mac: link.mac, port: link.port };
    case 'ipip':
      return { kind: 'ipip', name, mtu, local: link.local };
    case 'tunl0':
      return { kind: 'tunl0', name, mtu };
    case 'wireguard':
      return { kind: 'wireguard', name, mtu };
  }
}

interface Placed {
  readonly namespace: string;
  readonly link: Link;
}

/** All links of a state by `linkKey`. */
export function linksOf({ namespaces }: KernelState): Map<string, Placed> {
  return new Map(
    namespaces.flatMap(({ name: namespace, links }) =>
      links.map((link): [string, Placed] => [linkKey(namespace, link.name), { namespace, link }]),
    ),
  );
}

export function linkKey(namespace: string, name: string): string {
  return `${namespace} ${name}`;
}

/** For each link, not for all that are to come: a setting's file is looked up among those of every namespace (proc_sys_compare()). */
export function silenceLinks({ name: namespace, links }: Namespace): Operation[] {
  return links
    .filter(({ kind, ipv6 }) => !ipv6 && !isBornWithoutIpv6(kind))
    .map(({ name, origin }) => ({ kind: 'set-link', namespace, change: { name, quiet: true }, origin }));
}

/** tunl0 has no MTU at first; its addresses would be none to make a link-local one from. */
function isBornWithoutIpv6(kind: Link['kind']): boolean {
  return kind === 'tunl0';
}

/** Settings of a device, where they are not the kernel's defaults. */
export function setDevices({ name: namespace, links }: Namespace): Operation[] {
  return links.flatMap(({ name, settings, impairment, origin }): Operation[] => [
    ...changeSettings(namespace, name, {}, settings, origin),
    ...(impairment ? [{ kind: 'set-impairment', namespace, name, impairment, origin } as const] : []),
  ]);
}

/** Settings of one device, from those to these. */
export function changeSettings(
  namespace: string,
  device: string,
  before: DeviceSettings = {},
  after: DeviceSettings = {},
  origin: Origin,
): Operation[] {
  return (Object.keys(DEVICE_SETTINGS) as DeviceSetting[]).flatMap((setting): Operation[] => {
    const { folder, default: usual } = DEVICE_SETTINGS[setting];
    const value = after[setting] ?? usual;
    if (value === (before[setting] ?? usual)) return [];
    const sysctl = { key: `net.${folder}.${device}.${setting}`, value: String(value) };
    return [{ kind: 'set-sysctl', namespace, sysctl, origin }];
  });
}

export function raiseLinks({ name: namespace, links }: Namespace): Operation[] {
  return links
    .filter(({ up }) => up)
    .map(({ name, origin }) => ({ kind: 'set-link', namespace, change: { name, up: true }, origin }));
}

/** Links become ports of their bridges when they are up, as the bridge plugin does it; the other way round it takes longer. */
export function joinBridges({ name: namespace, links }: Namespace): Operation[] {
  return links.flatMap(({ name, master, origin }) =>
    master === undefined ? [] : [{ kind: 'set-link', namespace, change: { name, master }, origin }],
  );
}

/** The flag of a bridge port, where it is not the kernel's default. */
export function setPorts({ name: namespace, links }: Namespace): Operation[] {
  return links.flatMap(({ name, hairpin, origin }) =>
    hairpin ? [{ kind: 'set-port', namespace, name, hairpin, origin }] : [],
  );
}

export function addAddresses({ name, addresses }: Namespace): Operation[] {
  return addresses.map(({ origin, ...address }) => ({ kind: 'add-address', namespace: name, address, origin }));
}

/** The kernel takes none by a device that is down (net/ipv4/fib_semantics.c, fib_check_nh_nongw). */
export function addRoutes({ name, routes, links }: Namespace): Operation[] {
  const down = links.filter(({ up }) => !up).map((link) => link.name);
  const taken = routes.filter(({ device }) => device === undefined || !down.includes(device));
  return taken.map(({ origin, ...route }) => ({ kind: 'add-route', namespace: name, route, origin }));
}

export function addNeighbours({ name, neighbours }: Namespace): Operation[] {
  return neighbours.map(({ origin, ...neighbour }) => ({ kind: 'add-neighbour', namespace: name, neighbour, origin }));
}

export function addFdb({ name, fdb }: Namespace): Operation[] {
  return fdb.map(({ origin, ...entry }) => ({ kind: 'add-fdb', namespace: name, entry, origin }));
}

/** When the addresses are there: a port may be held on one of them. */
export function setRelays({ name: namespace, relays, origin }: Namespace): Operation[] {
  return RELAY_PROGRAMS.flatMap((program): Operation[] => {
    const own = relays.filter((relay) => relay.program === program);
    return own.length === 0 ? [] : [{ kind: 'set-relays', namespace, program, relays: own, origin }];
  });
}

export function setDaemons(state: Namespace): SetDaemon[] {
  return DAEMON_PROGRAMS.filter((program) => state[program]).map((program) => setDaemon(state, program));
}

/** As the namespace has it, which may be not at all. */
export function setDaemon({ name: namespace, origin, ...state }: Namespace, program: DaemonProgram): SetDaemon {
  return { kind: 'set-daemon', namespace, program, daemon: state[program], origin } as SetDaemon;
}

export function setPassThroughs({ name: namespace, passThroughs, origin }: Namespace): Operation[] {
  return passThroughs.length === 0 ? [] : [{ kind: 'set-pass-throughs', namespace, passThroughs, origin }];
}

export function setSpeaker({ name: namespace, speaker, origin }: Namespace): Operation[] {
  return speaker === undefined ? [] : [{ kind: 'set-speaker', namespace, speaker, origin }];
}

export function setTunnels({ name: namespace, tunnels, origin }: Namespace): Operation[] {
  return tunnels.length === 0 ? [] : [{ kind: 'set-tunnels', namespace, tunnels, origin }];
}

/** Last: the plugins find the node as a real one's find it, with its routes and with kube-proxy's rules. */
export function addToNetworks({ name: namespace, attachments }: Namespace): Operation[] {
  return attachments.map((attachment) => ({
    kind: 'add-to-network',
    namespace,
    attachment,
    origin: attachment.origin,
  }));
}

export function deleteFromNetworks({ name: namespace, attachments }: Namespace): Operation[] {
  return attachments.map((attachment) => ({
    kind: 'delete-from-network',
    namespace,
    attachment,
    origin: attachment.origin,
  }));
}
