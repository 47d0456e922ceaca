/** Numbers and names of the links of a namespace. */
import { inside } from './namespaces.ts';
import { attributes, Message, NetlinkSocket, NLM_F_DUMP } from './netlink.ts';
import { ifinfomsg } from './rtnetlink.ts';

const RTM_GETLINK = 18;
const IFINFOMSG = 16;
const IFLA_IFNAME = 3;

/** Every link of a namespace: number to name. */
export function listLinks(namespace: string): Map<number, string> {
  const socket = inside(namespace, () => new NetlinkSocket());
  try {
    return dumpLinks(socket);
  } finally {
    socket.close();
  }
}

export function dumpLinks(socket: NetlinkSocket): Map<number, string> {
  const bodies = socket.dump(new Message(RTM_GETLINK, NLM_F_DUMP).raw(ifinfomsg()));
  return new Map(
    bodies.map((body) => [
      body.readInt32LE(4),
      attributes(body.subarray(IFINFOMSG)).get(IFLA_IFNAME)!.toString('latin1').replace(/\0.*$/, ''),
    ]),
  );
}
