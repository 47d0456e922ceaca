/** Rules as programs' input: what each program reads to make a namespace's rules, or to change them into others. */

import { changeIpSets, formatIpSets } from '../compile/ipset.ts';
import { changeIptables, formatIptables, type Iptables, inPlaceOf } from '../compile/iptables.ts';
import { changeVirtualServers, formatVirtualServers } from '../compile/ipvs.ts';
import type { Namespace } from '../compile/kernel-state.ts';
import { changeNft, formatNft } from '../compile/nft.ts';
import type { LoadRules, Operation } from './operation.ts';

/**
 * Sets before the rules that name them. Of base chains with one priority the kernel asks the latest first
 * (net/netfilter/core.c, nf_hook_entries_grow), and a real node's iptables has none in table nat before the network
 * plugin writes there: kubelet's chains do not make any.
 */
export function loadRules({ name: namespace, ipsets, iptables, ip6tables, nft, ipvs, origin }: Namespace): Operation[] {
  const load = loader(namespace, origin);
  return [
    ...load('ipset', formatIpSets(ipsets)),
    ...load('nft', formatNft(nft)),
    ...load('iptables', iptables ? formatIptables(iptables) : ''),
    ...load('ip6tables', ip6tables ? formatIptables(ip6tables) : ''),
    ...load('ipvs', formatVirtualServers(ipvs)),
  ];
}

export function changeRules(from: Namespace, to: Namespace): Operation[] {
  const { name: namespace, origin } = to;
  const load = loader(namespace, origin);
  const sets = changeIpSets(from.ipsets, to.ipsets);
  const servers = changeVirtualServers(from.ipvs, to.ipvs);
  return [
    ...load('ipset', sets.before),
    ...load('nft', changeNft(from.nft, to.nft)),
    ...load('iptables', ...iptablesInto(from.iptables, to.iptables)),
    ...load('ip6tables', ...iptablesInto(from.ip6tables, to.ip6tables)),
    ...load('ipvs', servers.text),
    ...servers.retired.map((server): Operation => ({ kind: 'retire-server', namespace, server, origin })),
    ...load('ipset', sets.after),
  ];
}

/** For more chains, on top of those there are, iptables-restore takes longer than for a ruleset as a whole. */
const MOST_CHAINS = 2000;

/** The text, and whether it goes on top. */
function iptablesInto(before: Iptables = { tables: [] }, after: Iptables = { tables: [] }): [string, true?] {
  const wanted = inPlaceOf(before, after);
  const change = changeIptables(before, wanted);
  return change.split('\n:').length <= MOST_CHAINS ? [change, true] : [formatIptables(wanted)];
}

function loader(namespace: string, origin: Namespace['origin']) {
  return (program: LoadRules['program'], text: string, onTop?: true): LoadRules[] =>
    text === '' ? [] : [{ kind: 'load-rules', namespace, program, text, ...(onTop && { onTop }), origin }];
}
