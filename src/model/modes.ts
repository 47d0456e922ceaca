/** What holds in some modes only, and what modes ask of a cluster. */
import { type Diagnostics, nearest } from '../diagnostic.ts';
import { isOfFamily } from '../net/address.ts';
import { fitsDevice, tunnelName } from '../net/name.ts';
import type { ManifestOf } from '../parse/index.ts';
import type { ModesObject } from '../parse/schema/check.ts';
import { CLUSTER_DEFAULTS } from '../parse/schema/topology.ts';
import type { CalicoConfig, Cluster, CniMode, Interface, Node, ProxyMode } from './cluster.ts';

export interface Modes {
  readonly cni: CniMode;
  readonly proxy: ProxyMode;
}

/** Whether a statement is about these modes. All that it names must fit; one that names none is about all. */
export function fits(about: ModesObject | undefined, { cni, proxy }: Modes): boolean {
  const within = (named: string | readonly string[] | undefined, mode: string) =>
    named === undefined || [named].flat().includes(mode);
  return within(about?.proxy, proxy) && within(about?.cni, cni);
}

type Topology = ManifestOf<'Topology'> | undefined;
type Chosen = Pick<Cluster, 'cni' | 'proxy' | 'families' | 'nodes'>;

/** That the Topology's own modes do not suit it is a mistake, and what of the options only nodes can show to be one. */
export function reportModes(topology: Topology, chosen: Chosen, diagnostics: Diagnostics): void {
  const { when, cluster } = topology?.object.spec ?? { cluster: CLUSTER_DEFAULTS };
  if (!fits(when, { cni: cluster.cni.mode, proxy: cluster.proxy.mode }))
    diagnostics.error(
      'conflicting-fields',
      `the topology is for other modes than its own, ${cluster.proxy.mode} and ${cluster.cni.mode}`,
      topology?.locate(['spec', 'when']),
      'name them in spec.when, or choose others in spec.cluster',
    );
  if (fits(when, { cni: chosen.cni.mode, proxy: chosen.proxy.mode })) reportFamilies(topology, chosen, diagnostics);
  reportTunnel(topology, chosen, diagnostics);
  reportInterface(topology, chosen, diagnostics);
  if ('blockSize' in chosen.cni) reportCalico(topology, chosen.cni, chosen.nodes, diagnostics);
}

const WITH_IPV6 = {
  cni: ['vxlan', 'host-gw', 'wireguard', 'bridge', 'calico-vxlan', 'calico-bgp'],
  proxy: ['iptables', 'ipvs', 'nftables', 'none'],
} as const;

/**
 * flannel's backends ipip and udp, those for clouds, and Calico's tunl0 carry IPv4 only (pkg/backend), dockerd gives docker0 no IPv6 range
 * unless told to, and kube-proxy of mode userspace knew one family, which is IPv4 here.
 */
function reportFamilies(topology: Topology, { cni, proxy, families }: Chosen, diagnostics: Diagnostics): void {
  if (!families.includes(6)) return;
  for (const [field, { mode }] of Object.entries({ cni, proxy })) {
    const able: readonly string[] = WITH_IPV6[field as 'cni' | 'proxy'];
    if (able.includes(mode)) continue;
    diagnostics.error(
      'no-ipv6',
      `${field === 'cni' ? 'network plugin' : 'kube-proxy of mode'} ${mode} has no IPv6, and pods have IPv6 addresses`,
      topology?.locate(['spec', 'cluster', 'podCIDR']),
      `leave the IPv6 ranges out, or choose ${field}.mode ${able.join(', ')}`,
    );
  }
}

/** flannel calls its device after the VNI; the real one fails as well when the name is too long. */
function reportTunnel(topology: Topology, { cni, families }: Chosen, diagnostics: Diagnostics): void {
  if (cni.mode !== 'vxlan') return;
  const device = families.map((family) => tunnelName(cni.vni, family)).find((name) => !fitsDevice(name));
  if (device === undefined) return;
  diagnostics.error(
    'invalid-value',
    `VNI ${cni.vni} needs a device called ${device}, and a device name has at most 15 characters`,
    topology?.locate(['spec', 'cluster', 'cni', 'vni']),
    `choose a VNI of at most ${families.includes(6) ? 9999 : 9999999}`,
  );
}

/** It has to have an address of each family, as flanneld finds out (flannel pkg/ipmatch/match.go). */
function reportInterface(topology: Topology, { cni, nodes, families }: Chosen, diagnostics: Diagnostics): void {
  const iface = 'iface' in cni ? cni.iface : undefined;
  if (iface === undefined) return;
  const suits = ({ device, addresses }: Interface) =>
    device === iface && families.every((family) => addresses.some((address) => isOfFamily(address, family)));
  const without = nodes.find(({ interfaces }) => !interfaces.some(suits));
  if (!without) return;
  const needed = families.includes(6)
    ? ` with ${families.map((family) => `IPv${family}`).join(' and ')} addresses`
    : '';
  const own = without.interfaces.map(({ device, network }) => `${device} (network ${network.name})`).join(', ');
  diagnostics.error(
    'invalid-value',
    `${without.place} has no interface ${iface}${needed}`,
    topology?.locate(['spec', 'cluster', 'cni', 'iface']),
    `it has ${own}; flanneld uses the same one on every node`,
  );
}

/** A block lies in one node's pod subnet here, and a route reflector is a node. */
function reportCalico(
  topology: Topology,
  config: CalicoConfig,
  nodes: readonly Node[],
  diagnostics: Diagnostics,
): void {
  const at = (...path: (string | number)[]) => topology?.locate(['spec', 'cluster', 'cni', ...path]);
  for (const [field, family] of [
    ['blockSize', 4],
    ['blockSizeIPv6', 6],
  ] as const) {
    const size = config[field];
    for (const { place, podCIDRs } of nodes) {
      const small = podCIDRs.find((cidr) => cidr.family === family && cidr.prefix > size);
      if (!small) continue;
      diagnostics.error(
        'invalid-value',
        `a block of /${size} does not fit into the pod subnet of ${place}, ${small.text}`,
        at(field),
        `choose a ${field} of ${small.prefix} or more, or a smaller ${family === 6 ? 'nodeCIDRMaskSizeIPv6' : 'nodeCIDRMaskSize'}`,
      );
      break;
    }
  }
  const reflectors = config.mode === 'calico-bgp' ? config.routeReflectors : [];
  for (const [index, name] of reflectors.entries()) {
    if (nodes.some((node) => node.name === name)) continue;
    const names = nodes.map((node) => node.name);
    const guess = nearest(name, names);
    diagnostics.error(
      'unknown-place',
      `there is no node ${name} to be a route reflector`,
      at('routeReflectors', index),
      guess ? `did you mean "${guess}"?` : `nodes here: ${names.join(', ')}`,
    );
  }
}
