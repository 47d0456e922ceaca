/**
 * The floor: what the same number of pods costs in bare system calls, nothing but a namespace, a veth pair, an address
 * and a route each. Runs inside a sandbox and prints milliseconds.
 *
 *   node floor.js PODS NODES
 */
import { closeSync } from 'node:fs';
import { mountTmpfs } from '../../src/apply/kernel/libc.ts';
import { addNamespace, inside, openNamespace } from '../../src/apply/kernel/namespaces.ts';
import { NetlinkSocket } from '../../src/apply/kernel/netlink.ts';
import { messageOf } from '../../src/apply/kernel/rtnetlink.ts';
import type { Operation } from '../../src/plan/operation.ts';

const [pods = 100, nodes = 10] = process.argv.slice(2).map(Number);
mountTmpfs('/run');
const origin = { file: 'floor', line: 1 };
const started = performance.now();

for (let node = 0; node < nodes; node++) addNamespace(`node${node}`);
for (let pod = 0; pod < pods; pod++) {
  const namespace = `pod${pod}`;
  const node = `node${pod % nodes}`;
  const address = `10.${(pod >> 8) & 255}.${pod & 255}.2`;
  addNamespace(namespace);
  const fd = openNamespace(node);
  const socket = inside(namespace, () => new NetlinkSocket());
  const context = { indexOf: () => 2, namespaceFd: () => fd };
  const mac = (last: string) =>
    `02:00:00:${(pod >> 8).toString(16).padStart(2, '0')}:${(pod & 255).toString(16).padStart(2, '0')}:${last}`;
  const operations: Operation[] = [
    {
      kind: 'add-link',
      namespace,
      origin,
      link: {
        kind: 'veth',
        name: 'eth0',
        mtu: 1450,
        mac: mac('01'),
        peer: { namespace: node, name: `veth${pod}`, mtu: 1450, mac: mac('02') },
      },
    },
    { kind: 'add-address', namespace, origin, address: { device: 'eth0', address: `${address}/24` } },
    { kind: 'set-link', namespace, origin, change: { name: 'eth0', up: true } },
    {
      kind: 'add-route',
      namespace,
      origin,
      route: { to: 'default', via: address.replace(/2$/, '1'), device: 'eth0', onlink: false },
    },
  ];
  socket.request(operations.map((operation) => messageOf(operation as Parameters<typeof messageOf>[0], context)));
  socket.close();
  closeSync(fd);
}
process.stdout.write(`${performance.now() - started}\n`);
