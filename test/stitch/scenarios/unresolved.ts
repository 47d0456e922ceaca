/** Names without an address: the nameserver did not say one. */
import { datagram, ID, icmpError, refused } from '../evidence.ts';
import { acrossNodes } from '../routes.ts';
import { A, fromA, type Scenario } from './scenario.ts';

const NAMESERVER = '10.244.2.2:53';
const about = { name: 'web', question: { name: 'web.prod', type: 'A' }, queries: [], unresolved: true } as const;
const asking = { ...fromA, protocol: 'UDP', remote: NAMESERVER, about } as const;
const asked = acrossNodes('a', datagram(A, NAMESERVER, ID));

export const UNRESOLVED: readonly Scenario[] = [
  {
    name: 'nobody listens at the nameserver',
    topology: 'cross-node-vxlan',
    run: { ...asking, result: refused('ECONNREFUSED') },
    sights: [...asked, ...acrossNodes('b', icmpError('10.244.2.2', '10.244.1.2', [3, 3], datagram(A, NAMESERVER, ID)))],
    expected: { outcome: 'unresolved', rejection: { by: 'pod/b', with: 'icmp-port-unreachable' } },
    reason: 'web has no address: nobody answered A web.prod.: pod/b rejected it: ICMP port unreachable',
  },
  {
    name: 'the question is lost on its way',
    topology: 'cross-node-vxlan',
    run: asking,
    sights: asked.slice(0, 1),
    expected: { outcome: 'unresolved', lastSeen: { place: 'pod/a', interface: 'eth0' } },
    reason: 'web has no address: nobody answered A web.prod.: it was last seen leaving pod/a by eth0, never at pod/b',
  },
];
