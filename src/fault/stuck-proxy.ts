/** kube-proxy that has stopped: whatever it keeps up to date on its node stays what it was before the step. */
import type { Chain, Iptables } from '../compile/iptables.ts';
import type { Namespace } from '../compile/kernel-state.ts';
import type { Edit } from './edits.ts';

export const stuckProxy: Edit = (namespace, _lookup, before) => {
  if (!before || !namespace.place?.startsWith('node/')) return [];
  const { flows: _flows, ...others } = namespace;
  const [iptables, ip6tables] = (['iptables', 'ip6tables'] as const).map((name) =>
    withChainsOf(before[name], namespace[name]),
  );
  const stuck: Namespace = {
    ...others,
    ...(iptables && { iptables }),
    ...(ip6tables && { ip6tables }),
    ...(before.flows && { flows: before.flows }),
    ipvs: before.ipvs,
    ipsets: ofProxy(before.ipsets, namespace.ipsets, ({ name }) => name.startsWith('KUBE-')),
    nft: ofProxy(before.nft, namespace.nft, ({ name }) => name === 'kube-proxy'),
    relays: ofProxy(before.relays, namespace.relays, ({ program }) => program === 'kube-proxy'),
    addresses: ofProxy(before.addresses, namespace.addresses, ({ device }) => device === 'kube-ipvs0'),
  };
  return textOf(stuck) === textOf(namespace) ? [] : [stuck];
};

function ofProxy<T>(before: readonly T[], now: readonly T[], isProxys: (entry: T) => boolean): T[] {
  return [...before.filter(isProxys), ...now.filter((entry) => !isProxys(entry))];
}

/** Its chains are those called KUBE-. Those of kubelet never change. */
function withChainsOf(before: Iptables | undefined, now: Iptables | undefined): Iptables | undefined {
  if (!before || !now) return now;
  return {
    tables: now.tables.map((table) => {
      const old = before.tables.find(({ name }) => name === table.name);
      if (!old) return table;
      const now = new Map(table.chains.map((chain) => [chain.name, chain]));
      const kept = old.chains.flatMap((chain) => (isProxys(chain) ? [chain] : (now.get(chain.name) ?? [])));
      const added = table.chains.filter((chain) => !isProxys(chain) && !kept.includes(chain));
      return { ...table, chains: [...kept, ...added] };
    }),
  };
}

function isProxys({ name }: Chain): boolean {
  return name.startsWith('KUBE-');
}

function textOf({ iptables, ip6tables, flows, ipvs, ipsets, nft, relays, addresses }: Namespace): string {
  const chains = (rules: Iptables | undefined) =>
    (rules?.tables ?? []).map(({ name, chains }) => [name, chains.toSorted((a, b) => (a.name < b.name ? -1 : 1))]);
  const all = [chains(iptables), chains(ip6tables), flows, ipvs, ipsets, nft, relays, addresses];
  return JSON.stringify(all, (key, value: unknown) => (key === 'origin' ? undefined : value));
}
