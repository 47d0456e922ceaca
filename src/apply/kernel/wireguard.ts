/** WireGuard devices by generic netlink (linux/genetlink.h, linux/wireguard.h). */
import { addressBytes, parseCidr } from '../../net/address.ts';
import type { WireguardConfig } from '../../plan/operation.ts';
import { SystemCallError } from './errors.ts';
import { AF_INET, AF_INET6, sockaddr } from './libc.ts';
import { attributes, Message, NETLINK_GENERIC, NetlinkSocket, NLM_F_DUMP, zeros } from './netlink.ts';

const GENL_ID_CTRL = 0x10;
const CTRL = { getFamily: 3, familyId: 1, familyName: 2 } as const;
const GENL_HEADER = 4;
const SET_DEVICE = 1;
const DEVICE = { name: 2, privateKey: 3, flags: 5, listenPort: 6, peers: 8 } as const;
const REPLACE_PEERS = 1;
const PEER = { publicKey: 1, endpoint: 4, allowed: 9 } as const;
const ALLOWED = { family: 1, address: 2, prefix: 3 } as const;
/** A list's length is a number of 16 bits. */
const PEERS_A_MESSAGE = 200;

/** Gives a device its key, its port and exactly these peers, in the namespace the thread is in. */
export function configureWireguard(config: WireguardConfig): void {
  const socket = new NetlinkSocket(NETLINK_GENERIC);
  try {
    const family = familyOf(socket, 'wireguard');
    socket.request(messages(family, config));
  } finally {
    socket.close();
  }
}

function messages(family: number, { name, privateKey, listenPort, peers }: WireguardConfig): Message[] {
  const first = header(family, SET_DEVICE)
    .text(DEVICE.name, name)
    .attribute(DEVICE.privateKey, Buffer.from(privateKey, 'base64'))
    .u32(DEVICE.flags, REPLACE_PEERS)
    .attribute(DEVICE.listenPort, u16(listenPort));
  const others: Message[] = [];
  for (let start = 0; start < peers.length; start += PEERS_A_MESSAGE) {
    const message = header(family, SET_DEVICE).text(DEVICE.name, name);
    others.push(
      message.nested(DEVICE.peers, (list) => {
        for (const peer of peers.slice(start, start + PEERS_A_MESSAGE)) list.nested(0, (item) => describe(item, peer));
      }),
    );
  }
  return [first, ...others];
}

function describe(message: Message, { publicKey, endpoint, allowed }: WireguardConfig['peers'][number]): void {
  const { prefix, family } = parseCidr(allowed)!;
  message
    .attribute(PEER.publicKey, Buffer.from(publicKey, 'base64'))
    .attribute(PEER.endpoint, sockaddr(endpoint.address, endpoint.port))
    .nested(PEER.allowed, (list) =>
      list.nested(0, (item) =>
        item
          .attribute(ALLOWED.family, u16(family === 4 ? AF_INET : AF_INET6))
          .attribute(ALLOWED.address, addressBytes(allowed.split('/')[0]!))
          .u8(ALLOWED.prefix, prefix),
      ),
    );
}

/** Families get their numbers when their modules are loaded. */
function familyOf(socket: NetlinkSocket, name: string): number {
  for (const body of socket.dump(header(GENL_ID_CTRL, CTRL.getFamily, NLM_F_DUMP))) {
    const found = attributes(body.subarray(GENL_HEADER));
    if (found.get(CTRL.familyName)?.toString('latin1') === `${name}\0`) return found.get(CTRL.familyId)!.readUInt16LE();
  }
  throw new SystemCallError('netlink', 95);
}

function header(family: number, command: number, flags = 0): Message {
  return new Message(family, flags).raw(Buffer.of(command, 1, 0, 0));
}

function u16(value: number): Buffer {
  const bytes = zeros(2);
  bytes.writeUInt16LE(value);
  return bytes;
}
