/**
 * Operations as rtnetlink messages: the fast twin of plan/command.ts. A test builds one plan both ways and compares
 * what the kernel then holds.
 */
import type { Address, FdbEntry, Neighbour, Route } from '../../compile/kernel-state.ts';
import { addressBytes, isIpv6 } from '../../net/address.ts';
import { type Impairment, isImpaired } from '../../net/impairment.ts';
import type { LinkChange, NewLink, Operation } from '../../plan/operation.ts';
import { Message, NLM_F_APPEND, NLM_F_CREATE, NLM_F_EXCL, NLM_F_REPLACE, zeros } from './netlink.ts';

/** What a message must know of the kernel: the number of a device, a descriptor of a namespace. */
export interface Context {
  indexOf(namespace: string, device: string): number;
  /** Descriptor of another namespace; valid until the message is sent. */
  namespaceFd(namespace: string): number;
}

const OTHERS = [
  'add-namespace',
  'add-to-network',
  'add-tun',
  'collect-garbage',
  'delete-from-network',
  'delete-namespace',
  'set-sysctl',
  'load-rules',
  'retire-server',
  'delete-stale-flows',
  'set-relays',
  'set-tunnels',
  'set-wireguard',
  'set-pass-throughs',
  'set-speaker',
  'set-daemon',
] as const;

export type NetlinkOperation = Exclude<Operation, { kind: (typeof OTHERS)[number] }>;

export function isNetlinkOperation(operation: Operation): operation is NetlinkOperation {
  return !OTHERS.some((kind) => kind === operation.kind);
}

const RTM = {
  newLink: 16,
  delLink: 17,
  newAddress: 20,
  delAddress: 21,
  newRoute: 24,
  delRoute: 25,
  newNeighbour: 28,
  delNeighbour: 29,
  newQdisc: 36,
  delQdisc: 37,
} as const;
const AF = { inet: 2, bridge: 7, inet6: 10 } as const;
const IFF_UP = 1;
const IFLA = { address: 1, ifname: 3, mtu: 4, master: 10, linkinfo: 18, netNsFd: 28, afSpec: 26 } as const;
const INFO = { kind: 1, data: 2, slaveKind: 4, slaveData: 5 } as const;
const VXLAN = { id: 1, link: 3, local: 4, learning: 7, port: 15, local6: 17, gbp: 23, external: 25 } as const;
const IPTUN = { local: 2, pmtuDiscovery: 10 } as const;
const VETH_INFO_PEER = 1;
const BRPORT_MODE = 4;
const INET6_ADDR_GEN_MODE = 8;
const ADDR_GEN_MODE_NONE = 1;
const IFA = { address: 1, local: 2, broadcast: 4 } as const;
const IFA_F_NODAD = 2;
const RTA = { destination: 1, outInterface: 4, gateway: 5, preferredSource: 7 } as const;
const RTNH_F_ONLINK = 4;
const SCOPE = { global: 0, link: 253, host: 254 } as const;
const RT = { tableMain: 254, protocolBoot: 3, unicast: 1, blackhole: 6 } as const;
const NDA = { destination: 1, lladdr: 2 } as const;
const NUD_PERMANENT = 0x80;
const NTF_SELF = 2;
const CREATE = NLM_F_CREATE | NLM_F_EXCL;
const TC_H_ROOT = 0xffff_ffff;
const TCA = { kind: 1, options: 2 } as const;
const NETEM = { rate: 6, latency64: 10, jitter64: 11, packets: 1000 } as const;

export function messageOf(operation: NetlinkOperation, context: Context): Message {
  const { namespace } = operation;
  const index = (device: string) => context.indexOf(namespace, device);
  switch (operation.kind) {
    case 'add-link':
      return addLink(operation.link, index, context);
    case 'set-link':
      return setLink(operation.change, index);
    case 'set-port':
      return named(new Message(RTM.newLink, 0).raw(ifinfomsg()), operation.name).nested(IFLA.linkinfo, (message) =>
        message
          .text(INFO.slaveKind, 'bridge')
          .nested(INFO.slaveData, (data) => data.u8(BRPORT_MODE, operation.hairpin ? 1 : 0)),
      );
    case 'set-impairment':
      return impair(operation.impairment, index(operation.name));
    case 'delete-link':
      return named(new Message(RTM.delLink, 0).raw(ifinfomsg()), operation.name);
    case 'add-address':
      return address(new Message(RTM.newAddress, CREATE), operation.address, index);
    case 'delete-address':
      return address(new Message(RTM.delAddress, 0), operation.address, index);
    case 'add-route':
      return route(new Message(RTM.newRoute, CREATE), operation.route, index);
    case 'delete-route':
      return route(new Message(RTM.delRoute, 0), operation.route, index);
    case 'add-neighbour':
      return neighbour(new Message(RTM.newNeighbour, CREATE), operation.neighbour, index);
    case 'delete-neighbour':
      return neighbour(new Message(RTM.delNeighbour, 0), operation.neighbour, index);
    case 'add-fdb':
      return fdb(new Message(RTM.newNeighbour, NLM_F_CREATE | NLM_F_APPEND), operation.entry, index);
    case 'delete-fdb':
      return fdb(new Message(RTM.delNeighbour, 0), operation.entry, index);
  }
}

type IndexOf = (device: string) => number;

function addLink(link: NewLink, index: IndexOf, context: Context): Message {
  /** Asked for its kind, the kernel makes the device everywhere, and finds it there (__rtnl_newlink()). */
  if (link.kind === 'tunl0')
    return describe(new Message(RTM.newLink, NLM_F_CREATE).raw(ifinfomsg()), link).nested(IFLA.linkinfo, (info) =>
      info.text(INFO.kind, 'ipip'),
    );
  const message = describe(new Message(RTM.newLink, CREATE).raw(ifinfomsg()), link);
  switch (link.kind) {
    case 'bridge':
    case 'dummy':
      return message.nested(IFLA.linkinfo, (info) => info.text(INFO.kind, link.kind));
    case 'veth':
      return message.nested(IFLA.linkinfo, (info) =>
        info
          .text(INFO.kind, 'veth')
          .nested(INFO.data, (data) =>
            data.nested(VETH_INFO_PEER, (peer) =>
              describe(peer.raw(ifinfomsg()), link.peer).u32(IFLA.netNsFd, context.namespaceFd(link.peer.namespace)),
            ),
          ),
      );
    case 'vxlan':
      return message.nested(IFLA.linkinfo, (info) =>
        info.text(INFO.kind, 'vxlan').nested(INFO.data, (data) => {
          data
            .u32(VXLAN.id, link.vni)
            .attribute(isIpv6(link.local) ? VXLAN.local6 : VXLAN.local, addressBytes(link.local))
            .u32(VXLAN.link, index(link.device));
          data.u8(VXLAN.learning, link.learning ? 1 : 0).attribute(VXLAN.port, bigEndian16(link.port));
          if (link.gbp) data.attribute(VXLAN.gbp, Buffer.alloc(0));
        }),
      );
    case 'external-vxlan':
      return message.nested(IFLA.linkinfo, (info) =>
        info
          .text(INFO.kind, 'vxlan')
          .nested(INFO.data, (data) => data.attribute(VXLAN.port, bigEndian16(link.port)).u8(VXLAN.external, 1)),
      );
    case 'ipip':
      return message.nested(IFLA.linkinfo, (info) =>
        info
          .text(INFO.kind, 'ipip')
          .nested(INFO.data, (data) =>
            data.attribute(IPTUN.local, addressBytes(link.local)).u8(IPTUN.pmtuDiscovery, 0),
          ),
      );
    case 'wireguard':
      return message.nested(IFLA.linkinfo, (info) => info.text(INFO.kind, 'wireguard'));
  }
}

function describe(message: Message, { name, mtu, mac }: { name: string; mtu: number; mac?: string }): Message {
  named(message, name).u32(IFLA.mtu, mtu);
  return mac === undefined ? message : message.attribute(IFLA.address, macBytes(mac));
}

function setLink({ name, master, mtu, quiet, up }: LinkChange, index: IndexOf): Message {
  const flags = up === undefined ? ifinfomsg() : ifinfomsg(up ? IFF_UP : 0, IFF_UP);
  const message = named(new Message(RTM.newLink, 0).raw(flags), name);
  if (master !== undefined) message.u32(IFLA.master, index(master));
  if (mtu !== undefined) message.u32(IFLA.mtu, mtu);
  if (quiet)
    message.nested(IFLA.afSpec, (spec) =>
      spec.nested(AF.inet6, (inet6) => inet6.u8(INET6_ADDR_GEN_MODE, ADDR_GEN_MODE_NONE)),
    );
  return message;
}

/** An IPv6 address can be used at once: nobody else is asked whether they have it. */
function address(
  message: Message,
  { device, address: text, broadcast }: Omit<Address, 'origin'>,
  index: IndexOf,
): Message {
  const [own = '', prefix] = text.split('/');
  const bytes = addressBytes(own);
  const header = zeros(8);
  header.writeUInt8(familyOf(bytes), 0);
  header.writeUInt8(Number(prefix), 1);
  header.writeUInt8(familyOf(bytes) === AF.inet6 ? IFA_F_NODAD : 0, 2);
  header.writeUInt32LE(index(device), 4);
  message.raw(header).attribute(IFA.local, bytes).attribute(IFA.address, bytes);
  return broadcast === undefined ? message : message.attribute(IFA.broadcast, addressBytes(broadcast));
}

/** iproute2's defaults: table main, protocol boot, scope link when there is no next hop. IPv6 has no scopes of routes. */
function route(
  message: Message,
  { to, via, device, onlink, scope, source, protocol = RT.protocolBoot }: Omit<Route, 'origin'>,
  index: IndexOf,
): Message {
  const [destination = '', prefix] = to === 'default' ? ['0.0.0.0', '0'] : to.split('/');
  const bytes = addressBytes(destination);
  const header = zeros(12);
  header.writeUInt8(familyOf(bytes), 0);
  header.writeUInt8(prefix === undefined ? 8 * bytes.length : Number(prefix), 1);
  header.writeUInt8(RT.tableMain, 4);
  header.writeUInt8(protocol, 5);
  header.writeUInt8(
    SCOPE[scope ?? (via === undefined && device !== undefined && familyOf(bytes) === AF.inet ? 'link' : 'global')],
    6,
  );
  header.writeUInt8(device === undefined ? RT.blackhole : RT.unicast, 7);
  header.writeUInt32LE(onlink ? RTNH_F_ONLINK : 0, 8);
  message.raw(header);
  if (prefix !== '0') message.attribute(RTA.destination, bytes);
  if (via !== undefined) message.attribute(RTA.gateway, addressBytes(via));
  if (source !== undefined) message.attribute(RTA.preferredSource, addressBytes(source));
  return device === undefined ? message : message.u32(RTA.outInterface, index(device));
}

function neighbour(message: Message, entry: Omit<Neighbour, 'origin'>, index: IndexOf): Message {
  const bytes = addressBytes(entry.address);
  return message
    .raw(ndmsg(familyOf(bytes), index(entry.device), 0))
    .attribute(NDA.destination, bytes)
    .attribute(NDA.lladdr, macBytes(entry.mac));
}

function fdb(message: Message, entry: Omit<FdbEntry, 'origin'>, index: IndexOf): Message {
  return message
    .raw(ndmsg(AF.bridge, index(entry.device), NTF_SELF))
    .attribute(NDA.lladdr, macBytes(entry.mac))
    .attribute(NDA.destination, addressBytes(entry.destination));
}

/** The qdisc netem as the root of a device, or none (net/sched/sch_netem.c). Packets wait in a queue of tc's default length. */
function impair(impairment: Impairment, device: number): Message {
  const header = zeros(20);
  header.writeInt32LE(device, 4);
  header.writeUInt32LE(TC_H_ROOT, 12);
  if (!isImpaired(impairment)) return new Message(RTM.delQdisc, 0).raw(header);
  const { delay = 0, jitter = 0, loss = 0, rate } = impairment;
  const options = zeros(24);
  options.writeUInt32LE(NETEM.packets, 4);
  options.writeUInt32LE(Math.round((loss / 100) * 0xffff_ffff), 8);
  return new Message(RTM.newQdisc, NLM_F_CREATE | NLM_F_REPLACE)
    .raw(header)
    .text(TCA.kind, 'netem')
    .nested(TCA.options, (message) => {
      message
        .raw(options)
        .attribute(NETEM.latency64, nanoseconds(delay))
        .attribute(NETEM.jitter64, nanoseconds(jitter));
      if (rate !== undefined) message.attribute(NETEM.rate, netemRate(rate));
    });
}

function nanoseconds(milliseconds: number): Buffer {
  const bytes = zeros(8);
  bytes.writeBigInt64LE(BigInt(Math.round(milliseconds * 1e6)));
  return bytes;
}

/** struct tc_netem_rate: bytes a second, nothing added for cells. */
function netemRate(bits: number): Buffer {
  const bytes = zeros(16);
  bytes.writeUInt32LE(Math.round(bits / 8));
  return bytes;
}

/** Links are named, not numbered, wherever the kernel takes a name. */
function named(message: Message, name: string): Message {
  return message.text(IFLA.ifname, name);
}

export function ifinfomsg(flags = 0, change = 0, index = 0): Buffer {
  const header = zeros(16);
  header.writeInt32LE(index, 4);
  header.writeUInt32LE(flags, 8);
  header.writeUInt32LE(change, 12);
  return header;
}

function ndmsg(family: number, index: number, flags: number): Buffer {
  const header = zeros(12);
  header.writeUInt8(family, 0);
  header.writeInt32LE(index, 4);
  header.writeUInt16LE(NUD_PERMANENT, 8);
  header.writeUInt8(flags, 10);
  return header;
}

function familyOf(address: Buffer): number {
  return address.length === 4 ? AF.inet : AF.inet6;
}

function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(':', ''), 'hex');
}

function bigEndian16(value: number): Buffer {
  const bytes = zeros(2);
  bytes.writeUInt16BE(value);
  return bytes;
}
