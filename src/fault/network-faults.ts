/** What is broken about the way from machine to machine: routes, tunnels, links, and what nodes let pass. */
import type { PluginCall } from '../compile/attachment.ts';
import type { Link, Route } from '../compile/kernel-state.ts';
import type { FaultName } from '../model/cluster.ts';
import { defaultRoute } from '../net/address.ts';
import { macFor } from '../net/name.ts';
import type { FaultDefinition } from './definition.ts';
import {
  checksOf,
  editChains,
  editLinks,
  farEnd,
  formerAddress,
  inEachMode,
  withFirewall,
  withNftRules,
  withPluginField,
  withSysctl,
  withSysctls,
} from './edits.ts';

/** Smaller than an overlay packet, larger than anything a handshake sends. */
const SMALL_MTU = 1400;

export const NETWORK_FAULTS = {
  'forward-drop': {
    summary: 'FORWARD drops by default, as dockerd leaves it, and the network plugin accepts nothing',
    edit: (namespace) =>
      editChains(namespace, 'filter', (chain) =>
        chain.name === 'FORWARD'
          ? { ...chain, policy: 'DROP', rules: chain.rules.filter(({ text }) => !ACCEPTANCE.test(text)) }
          : chain,
      ),
  },
  'loopback-drop': {
    summary: 'a firewall in the pod or container forgets lo (no `-i lo -j ACCEPT`): it cannot talk to itself',
    edit: withFirewall(/^(pod|container)\//, () => ['-i lo -j DROP']),
  },
  'no-route': {
    summary: "the routes to other nodes' pods, or the static routes of a host or router, are missing",
    edit: (namespace) => {
      if (!/^(node|host|router)\//.test(namespace.place ?? '')) return [];
      const isDefault = (to: string) => to === defaultRoute(4) || to === defaultRoute(6);
      const kept = namespace.routes.filter((route) => isDefault(route.to) || isOwn(route));
      return kept.length === namespace.routes.length ? [] : [{ ...namespace, routes: kept }];
    },
  },
  'no-fdb': {
    summary: 'the VXLAN device does not know behind which node a peer is',
    edit: (namespace) => (namespace.fdb.length === 0 ? [] : [{ ...namespace, fdb: [] }]),
  },
  'stale-fdb': {
    summary: 'the VXLAN device has peers at addresses where they no longer are',
    edit: (namespace) => {
      const fdb = namespace.fdb.map((entry) => ({
        ...entry,
        destination: formerAddress(namespace, entry.destination),
      }));
      return fdb.length === 0 ? [] : [{ ...namespace, fdb }];
    },
  },
  'wrong-vtep-mac': {
    summary: 'the VXLAN device has another MAC address than the one its peers were told',
    edit: (namespace) =>
      editLinks(namespace, (link) => (link.kind === 'vxlan' ? { ...link, mac: link.mac.replace(/..$/, 'ff') } : link)),
  },
  'vxlan-port-taken': {
    summary: 'another VXLAN device, cilium_vxlan, has the UDP port of the overlay, whose own device does not come up',
    edit: (namespace) => {
      const { links, routes, neighbours, fdb } = namespace;
      const own = links.find(({ kind, up }) => kind === 'vxlan' && up);
      if (own?.kind !== 'vxlan') return [];
      const { name, mac, port, origin } = own;
      const other: Link = { ...CILIUM_VXLAN, mac: mac.replace(/..$/, 'c1'), port, origin };
      const elsewhere = <T extends { readonly device?: string }>(entries: readonly T[]) =>
        entries.filter(({ device }) => device !== name);
      return [
        {
          ...namespace,
          links: [other, ...links.map((link) => (link === own ? { ...link, up: false } : link))],
          routes: elsewhere(routes),
          neighbours: elsewhere(neighbours),
          fdb: elsewhere(fdb),
        },
      ];
    },
  },
  'no-flanneld': {
    summary: 'flanneld does not run (mode udp): its TUN device is gone with it, and the routes into that',
    edit: ({ tunnels, ...namespace }) => {
      if (tunnels.length === 0) return [];
      const stays = (name: string | undefined) => tunnels.every(({ device }) => device !== name);
      const onDevices = <T extends { readonly device?: string }>(entries: readonly T[]) =>
        entries.filter(({ device }) => stays(device));
      const { links, addresses, routes } = namespace;
      return [
        {
          ...namespace,
          links: links.filter(({ name }) => stays(name)),
          addresses: onDevices(addresses),
          routes: onDevices(routes),
          tunnels: [],
        },
      ];
    },
  },
  'no-bird': {
    summary:
      'BIRD does not run (mode calico-bgp, load balancer metallb-bgp): the machine hears of no routes, and nobody hears of what it has',
    edit: ({ bird, ...namespace }) => (bird ? [namespace] : []),
  },
  'no-speaker': {
    summary: "MetalLB's speaker of layer 2 does not run: the node answers for no address, and another one is elected",
    edit: ({ speaker, ...namespace }) => (speaker ? [namespace] : []),
  },
  'no-default-route': {
    summary: 'the node has no default route',
    edit: (namespace) => {
      if (!namespace.place?.startsWith('node/')) return [];
      const routes = namespace.routes.filter(({ to }) => to !== 'default');
      return routes.length === namespace.routes.length ? [] : [{ ...namespace, routes }];
    },
  },
  'stale-cni0': {
    summary: "cni0 is there already, with an address of another subnet than the node's (mode plugins)",
    edit: (namespace) => {
      if (!namespace.attachments.some(({ calls }) => calls.some(makesBridge))) return [];
      const { origin } = namespace;
      const { device, address } = STALE;
      const link = {
        kind: 'bridge',
        name: device,
        mtu: 1500,
        mac: macFor('bridge', address.split('/')[0]!),
        up: true,
        origin,
      } as const;
      return [
        {
          ...namespace,
          links: [...namespace.links, link],
          addresses: [...namespace.addresses, { device, address, origin }],
        },
      ];
    },
  },
  'no-accept-ra': {
    summary: 'the node forwards, and so its kernel takes no router advertisements (accept_ra = 1, not 2)',
    edit: (namespace) =>
      namespace.place?.startsWith('node/')
        ? editLinks(namespace, (link) =>
            link.settings?.accept_ra === 2 ? { ...link, settings: { ...link.settings, accept_ra: 1 } } : link,
          )
        : [],
  },
  'source-dest-check': {
    summary:
      'the cloud drops what the node sends or gets for other addresses than its own (EC2: source/destination check; GCE: no canIpForward)',
    edit: ({ place, links, addresses, origin }, lookup) =>
      links.flatMap((link) => {
        if (!place?.startsWith('node/') || link.kind !== 'veth' || !link.peer.namespace.startsWith('network.'))
          return [];
        const own = addresses.filter(({ device }) => device === link.name).map(({ address }) => address.split('/')[0]!);
        return withNftRules(lookup(link.peer.namespace), SWITCH_CHECKS, checksOf(link.peer.name, own, origin));
      }),
  },
  'no-br-netfilter': {
    summary:
      'bridged packets do not pass iptables and ip6tables (bridge-nf-call-iptables, bridge-nf-call-ip6tables = 0)',
    edit: inEachMode(
      withSysctl('net.bridge.bridge-nf-call-iptables', '0'),
      withSysctl('net.bridge.bridge-nf-call-ip6tables', '0'),
    ),
  },
  'no-ip-forward': {
    summary: 'the node is no router (ip_forward = 0, net.ipv6.conf.all.forwarding = 0)',
    edit: (namespace, lookup) =>
      namespace.place?.startsWith('node/')
        ? inEachMode(withSysctl('net.ipv4.ip_forward', '0'), withSysctl('net.ipv6.conf.all.forwarding', '0'))(
            namespace,
            lookup,
          )
        : [],
  },
  'rp-filter': {
    summary: 'the kernel drops packets that come in where their answer would not go out (rp_filter = 1)',
    edit: withSysctl('net.ipv4.conf.all.rp_filter', '1'),
  },
  'no-redirects': {
    summary: 'routers and nodes tell nobody of a better way (send_redirects = 0)',
    edit: (namespace) =>
      /^(node|router)\//.test(namespace.place ?? '')
        ? withSysctls(
            namespace,
            ['all', 'default'].map((scope) => ({ key: `net.ipv4.conf.${scope}.send_redirects`, value: '0' })),
          )
        : [],
  },
  'no-hairpin': {
    summary: 'bridge ports do not send a packet back out where it came from',
    edit: inEachMode(
      (namespace) => editLinks(namespace, (link) => (link.hairpin ? { ...link, hairpin: false } : link)),
      withPluginField('hairpinMode', false),
    ),
  },
  'small-mtu': {
    summary: `the cable silently loses packets larger than ${SMALL_MTU} bytes`,
    edit: farEnd(
      (link) => ({ ...link, mtu: SMALL_MTU }),
      (peer) => peer.startsWith('network.'),
    ),
  },
  'bad-checksums': {
    summary: 'something in the node spoils the checksums of the TCP segments and UDP datagrams it forwards',
    edit: (namespace) =>
      namespace.place?.startsWith('node/')
        ? withNftRules(
            namespace,
            { family: 'inet', name: 'bad-checksums' },
            ['tcp', 'udp'].map((protocol) => ({
              text: `meta l4proto ${protocol} ${protocol} checksum set ${NO_CHECKSUM}`,
              origin: namespace.origin,
            })),
          )
        : [],
  },
  'link-down': {
    summary: 'the cable is unplugged at its far end',
    edit: farEnd((link) => ({ ...link, up: false })),
  },
} as const satisfies Partial<Record<FaultName, FaultDefinition>>;

/** As Cilium makes it (cilium pkg/datapath/loader): each packet brings the number of its network along. */
const CILIUM_VXLAN = { kind: 'external-vxlan', name: 'cilium_vxlan', mtu: 1500, up: true } as const;

/** As good as any that is not computed. */
const NO_CHECKSUM = '0xbad1';

/** What network plugins accept in FORWARD: flannel all of pods, Calico what has passed its chains. */
const ACCEPTANCE = /-j FLANNEL-FWD|"Policy explicitly accepted packet\."/;

/** Where a cloud's switch checks. */
const SWITCH_CHECKS = { family: 'bridge', name: 'source-dest-check' } as const;

/** As the configuration that CRI-O comes with leaves it (cri-o contrib/cni/10-crio-bridge.conflist). */
const STALE = { device: 'cni0', address: '10.85.0.1/16' } as const;

/** The plugin bridge gives its bridge this name if it is told no other. */
function makesBridge({ plugin, configuration }: PluginCall): boolean {
  return plugin === 'bridge' && (configuration.bridge ?? 'cni0') === STALE.device;
}

/** Calico's routes to the pods of the node itself, and the black holes around them. */
function isOwn({ to, device, scope }: Route): boolean {
  return device === undefined || (scope === 'link' && to.endsWith('/32'));
}
