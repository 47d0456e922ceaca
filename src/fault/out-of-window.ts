/**
 * A pod whose first data on every connection has a sequence number far ahead of where it should be, so that it lies outside the
 * window. What is sent again after that is right: the connection goes on, if nobody ends it.
 *
 * Ahead, and not behind: connection tracking of today (Linux 6.18) lets what comes too late be, and calls only what is ahead of
 * the window INVALID (net/netfilter/nf_conntrack_proto_tcp.c, tcp_in_window).
 */
import type { NftTable } from '../compile/nft.ts';
import type { Origin } from '../diagnostic.ts';
import type { Edit } from './edits.ts';

const NAME = 'out-of-window';

export const outOfWindow: Edit = (namespace) => {
  const { place, nft, origin } = namespace;
  if (!place?.startsWith('pod/') || nft.some(({ name }) => name === NAME)) return [];
  return [{ ...namespace, nft: [...nft, tableOf(origin)] }];
};

/** Before it leaves the pod. The two ports tell the connections of a pod apart. */
function tableOf(origin: Origin): NftTable {
  const ports = 'tcp sport . tcp dport';
  const first = `tcp flags & psh != 0 ${ports} != @begun add @begun { ${ports} }`;
  return {
    family: 'inet',
    name: NAME,
    chains: [
      {
        name: 'output',
        hook: 'type filter hook output priority 0',
        rules: [{ text: `${first} tcp sequence set tcp sequence | 0x7fffffff`, origin }],
      },
    ],
    sets: [{ kind: 'set', name: 'begun', type: 'inet_service . inet_service', flags: 'dynamic', elements: [], origin }],
  };
}
