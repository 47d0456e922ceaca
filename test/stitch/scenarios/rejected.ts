/** Packets somebody said no to. */
import { datagram, ID, icmpError, refused, reset } from '../evidence.ts';
import { acrossNodes } from '../routes.ts';
import { A, B, errorFromNode1, fromA, type Scenario, there, toNode1 } from './scenario.ts';

export const REJECTED: readonly Scenario[] = [
  {
    name: 'a reset of the pod',
    topology: 'cross-node-vxlan',
    run: { ...fromA, result: refused('ECONNREFUSED') },
    sights: [...there, ...acrossNodes('b', reset(B, A))],
    expected: { outcome: 'rejected', rejection: { by: 'pod/b', with: 'tcp-reset' } },
    reason: 'pod/b rejected it: TCP reset',
  },
  ...(
    [
      [3, 0, 'icmp-net-unreachable', 'ICMP net unreachable'],
      [3, 1, 'icmp-host-unreachable', 'ICMP host unreachable'],
      [3, 2, 'icmp-other', 'icmp-other'],
      [3, 3, 'icmp-port-unreachable', 'ICMP port unreachable'],
      [3, 4, 'icmp-fragmentation-needed', 'ICMP fragmentation needed'],
      [3, 9, 'icmp-admin-prohibited', 'ICMP administratively prohibited'],
      [3, 10, 'icmp-admin-prohibited', 'ICMP administratively prohibited'],
      [3, 13, 'icmp-admin-prohibited', 'ICMP administratively prohibited'],
      [11, 0, 'icmp-time-exceeded', 'ICMP time exceeded'],
    ] as const
  ).map(
    ([type, code, kind, words]): Scenario => ({
      name: `ICMP ${type}/${code} of the node`,
      topology: 'cross-node-vxlan',
      run: fromA,
      sights: [...toNode1, ...errorFromNode1([type, code])],
      expected: { outcome: 'rejected', rejection: { by: 'node/node1', with: kind } },
      reason: `node/node1 rejected it: ${words}`,
    }),
  ),
  {
    name: 'a port nobody listens on, asked by UDP',
    topology: 'cross-node-vxlan',
    run: { ...fromA, protocol: 'UDP', remote: '10.244.2.2:53', result: refused('ECONNREFUSED') },
    sights: [
      ...acrossNodes('a', datagram(A, '10.244.2.2:53', ID)),
      ...acrossNodes('b', icmpError('10.244.2.2', '10.244.1.2', [3, 3], datagram(A, '10.244.2.2:53', ID))),
    ],
    expected: { outcome: 'rejected', rejection: { by: 'pod/b', with: 'icmp-port-unreachable' } },
    reason: 'pod/b rejected it: ICMP port unreachable',
  },
  {
    name: 'an error the sender reports, though it was seen only where it was made',
    topology: 'cross-node-vxlan',
    run: { ...fromA, result: refused('EHOSTUNREACH') },
    sights: [...toNode1, ...errorFromNode1([3, 1]).slice(0, 1)],
    expected: { outcome: 'rejected', rejection: { by: 'node/node1', with: 'icmp-host-unreachable' } },
    reason: 'node/node1 rejected it: ICMP host unreachable',
  },
];
