/** Rules as programs' input: what each program reads to make a namespace's rules, or to change them into others. */

import { changeIpSets, formatIpSets } from '../compile/ipset.ts';
import { formatIptables, type Iptables } from '../compile/iptables.ts';
import { changeVirtualServers, formatVirtualServers } from '../compile/ipvs.ts';
import type { Namespace } from '../compile/kernel-state.ts';
import { changeNft, formatNft } from '../compile/nft.ts';
import type { Operation } from './operation.ts';

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
    ...load('iptables', changeIptables(from.iptables, to.iptables)),
    ...load('ip6tables', changeIptables(from.ip6tables, to.ip6tables)),
    ...load('ipvs', servers.text),
    ...servers.retired.map((server): Operation => ({ kind: 'retire-server', namespace, server, origin })),
    ...load('ipset', sets.after),
  ];
}

function loader(namespace: string, origin: Namespace['origin']) {
  return (program: Extract<Operation, { kind: 'load-rules' }>['program'], text: string): Operation[] =>
    text === '' ? [] : [{ kind: 'load-rules', namespace, program, text, origin }];
}

/** A table is replaced as a whole. Tables that are no longer wanted are loaded empty. */
function changeIptables(before: Iptables = { tables: [] }, after: Iptables = { tables: [] }): string {
  const emptied = before.tables
    .filter(({ name }) => !after.tables.some((table) => table.name === name))
    .map((table) => ({
      ...table,
      chains: table.chains.flatMap((chain) =>
        chain.policy ? [{ ...chain, policy: 'ACCEPT' as const, rules: [] }] : [],
      ),
    }));
  const text = formatIptables({ tables: [...after.tables, ...emptied] });
  return text === formatIptables(before) ? '' : text;
}
