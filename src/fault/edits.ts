/** How faults edit namespaces: rules, links, settings, and what stands at the far end of a cable. */

import type { PluginCall } from '../compile/attachment.ts';
import { type Chain, type Iptables, IptablesBuilder, type Rule, type TableName } from '../compile/iptables.ts';
import type { VirtualServer } from '../compile/ipvs.ts';
import type { Link, Namespace, Sysctl } from '../compile/kernel-state.ts';
import { IP, type NftChain, type NftTable } from '../compile/nft.ts';
import type { Relay } from '../compile/relay.ts';
import type { Origin } from '../diagnostic.ts';
import { cidrContains, type Family, isOfFamily, MULTICAST, nthAddress, parseCidr } from '../net/address.ts';

/**
 * Gives the namespaces it changed; `lookup` finds another namespace, for faults at the far end of a cable. `before` is the
 * namespace as it was before the step, with its faults, for what fails to change.
 */
export type Edit = (namespace: Namespace, lookup: (name: string) => Namespace, before?: Namespace) => Namespace[];

/** The same failure in modes of kube-proxy that are made of different things: each edit breaks what it finds in the namespace. */
export function inEachMode(...edits: readonly Edit[]): Edit {
  return (namespace, lookup) => {
    const broken = edits.reduce((current, edit) => edit(current, lookup)[0] ?? current, namespace);
    return broken === namespace ? [] : [broken];
  };
}

export function withoutNftRules(isGone: (rule: Rule, chain: NftChain) => boolean): Edit {
  return (namespace) => editNftChains(namespace, (chain) => chain.rules.filter((rule) => !isGone(rule, chain)));
}

export function changedNftRules(edit: (rule: Rule) => string): Edit {
  return (namespace) => editNftChains(namespace, ({ rules }) => rules.map((rule) => ({ ...rule, text: edit(rule) })));
}

function editNftChains(namespace: Namespace, edit: (chain: NftChain) => Rule[]): Namespace[] {
  const textOf = (rules: readonly Rule[]) => rules.map(({ text }) => text).join('\n');
  let changed = false;
  const nft = namespace.nft.map((table) => ({
    ...table,
    chains: table.chains.map((chain) => {
      const rules = edit(chain);
      if (textOf(rules) === textOf(chain.rules)) return chain;
      changed = true;
      return { ...chain, rules };
    }),
  }));
  return changed ? [{ ...namespace, nft }] : [];
}

/** What a switch drops at a port, so that a machine neither sends nor gets packets of others; neighbour discovery aside. */
export function checksOf(port: string, addresses: readonly string[], origin: Origin): Rule[] {
  return ([4, 6] as const).flatMap((family) => {
    const own = addresses.filter((address) => isOfFamily(address, family));
    if (own.length === 0) return [];
    const others = (...allowed: readonly string[]) => `!= { ${[...own, ...allowed].join(', ')} } drop`;
    const [from, to] = family === 4 ? [[], []] : [[LINK_LOCAL], [LINK_LOCAL, MULTICAST[6]]];
    return [
      { text: `iifname "${port}" ${IP[family]} saddr ${others(...from)}`, origin },
      { text: `oifname "${port}" ${IP[family]} daddr ${others(...to)}`, origin },
    ];
  });
}

/** RFC 4291 2.5.6 */
const LINK_LOCAL = 'fe80::/10';

/** With a table of the fault's own, where packets are forwarded. */
export function withNftRules(
  namespace: Namespace,
  own: Pick<NftTable, 'family' | 'name'>,
  rules: readonly Rule[],
): Namespace[] {
  const isOwn = ({ family, name }: NftTable) => family === own.family && name === own.name;
  const before = namespace.nft.find(isOwn)?.chains[0]?.rules ?? [];
  const missing = rules.filter(({ text }) => !before.some((rule) => rule.text === text));
  if (missing.length === 0) return [];
  const chain = { name: 'forward', hook: 'type filter hook forward priority 0', rules: [...before, ...missing] };
  const others = namespace.nft.filter((table) => !isOwn(table));
  return [{ ...namespace, nft: [...others, { ...own, chains: [chain], sets: [] }] }];
}

export function changedServers(edit: (server: VirtualServer) => VirtualServer): Edit {
  return (namespace) => {
    const ipvs = namespace.ipvs.map(edit);
    return JSON.stringify(ipvs) === JSON.stringify(namespace.ipvs) ? [] : [{ ...namespace, ipvs }];
  };
}

/** Undefined for a plugin that is not called. */
export function changedPlugins(edit: (call: PluginCall) => PluginCall | undefined): Edit {
  return (namespace) => {
    const attachments = namespace.attachments.map((attachment) => ({
      ...attachment,
      calls: attachment.calls.flatMap((call) => edit(call) ?? []),
    }));
    return JSON.stringify(attachments) === JSON.stringify(namespace.attachments) ? [] : [{ ...namespace, attachments }];
  };
}

/** A field that every plugin that has it gets otherwise. */
export function withPluginField(field: string, value: unknown): Edit {
  return changedPlugins((call) =>
    field in call.configuration ? { ...call, configuration: { ...call.configuration, [field]: value } } : call,
  );
}

export function changedRelays(edit: (relay: Relay) => Relay): Edit {
  return (namespace) => {
    const relays = namespace.relays.map(edit);
    return JSON.stringify(relays) === JSON.stringify(namespace.relays) ? [] : [{ ...namespace, relays }];
  };
}

/** Such a place drops or refuses what comes in, by rules of its own. */
export function withFirewall(place: RegExp, rules: (family: Family) => readonly string[]): Edit {
  return (namespace) => {
    if (!place.test(namespace.place ?? '')) return [];
    const tables = (family: Family) => {
      const builder = new IptablesBuilder();
      for (const rule of rules(family)) builder.append('filter', 'INPUT', rule, namespace.origin);
      return builder.build();
    };
    const hasIpv6 = namespace.addresses.some(({ address }) => isOfFamily(address, 6));
    return [{ ...namespace, iptables: tables(4), ...(hasIpv6 && { ip6tables: tables(6) }) }];
  };
}

export function withoutRules(table: TableName, isGone: (rule: Rule, chain: Chain) => boolean): Edit {
  return (namespace) =>
    editChains(namespace, table, (chain) => {
      const rules = chain.rules.filter((rule) => !isGone(rule, chain));
      return rules.length === chain.rules.length ? chain : { ...chain, rules };
    });
}

export function changedRules(edit: (rule: Rule) => string): Edit {
  return (namespace) =>
    editChains(namespace, 'nat', (chain) => {
      const rules = chain.rules.map((rule) => ({ ...rule, text: edit(rule) }));
      return rules.some(({ text }, index) => text !== chain.rules[index]!.text) ? { ...chain, rules } : chain;
    });
}

/** In iptables and ip6tables. */
export function editChains(namespace: Namespace, tableName: TableName, edit: (chain: Chain) => Chain): Namespace[] {
  const iptables = editTable(namespace.iptables, tableName, edit);
  const ip6tables = editTable(namespace.ip6tables, tableName, edit);
  if (iptables === namespace.iptables && ip6tables === namespace.ip6tables) return [];
  return [{ ...namespace, ...(iptables && { iptables }), ...(ip6tables && { ip6tables }) }];
}

function editTable(
  rules: Iptables | undefined,
  tableName: TableName,
  edit: (chain: Chain) => Chain,
): Iptables | undefined {
  const table = rules?.tables.find(({ name }) => name === tableName);
  const chains = table?.chains.map(edit);
  if (!rules || !chains || chains.every((chain, index) => chain === table!.chains[index])) return rules;
  return { tables: rules.tables.map((other) => (other === table ? { ...table, chains } : other)) };
}

export function withSysctl(key: string, value: string): Edit {
  return (namespace) => {
    if (!namespace.sysctls.some((sysctl) => sysctl.key === key && sysctl.value !== value)) return [];
    return [
      {
        ...namespace,
        sysctls: namespace.sysctls.map((sysctl) => (sysctl.key === key ? { ...sysctl, value } : sysctl)),
      },
    ];
  };
}

/** Settings that are the kernel's defaults otherwise. */
export function withSysctls(namespace: Namespace, settings: readonly Pick<Sysctl, 'key' | 'value'>[]): Namespace[] {
  const { sysctls, origin } = namespace;
  const isSet = ({ key, value }: Pick<Sysctl, 'key' | 'value'>) =>
    sysctls.some((sysctl) => sysctl.key === key && sysctl.value === value);
  if (settings.every(isSet)) return [];
  const others = sysctls.filter(({ key }) => !settings.some((setting) => setting.key === key));
  return [{ ...namespace, sysctls: [...others, ...settings.map((setting) => ({ ...setting, origin }))] }];
}

export function editLinks(namespace: Namespace, edit: (link: Link) => Link): Namespace[] {
  const links = namespace.links.map(edit);
  return links.every((link, index) => link === namespace.links[index]) ? [] : [{ ...namespace, links }];
}

/** Edits the other end of the cable in eth0: a switch's port for a machine, the node's end for a pod. */
export function farEnd(edit: (link: Link) => Link, isMeant: (peer: string) => boolean = () => true): Edit {
  return (namespace, lookup) => {
    const cable = namespace.links.find((link) => link.name === 'eth0');
    if (cable?.kind !== 'veth' || !isMeant(cable.peer.namespace)) return [];
    return editLinks(lookup(cable.peer.namespace), (link) => (link.name === cable.peer.name ? edit(link) : link));
  };
}

/** The last address of the network, as if the machine had had that before: nobody answers there. */
export function formerAddress({ addresses }: Namespace, address: string): string {
  const network = addresses.map((own) => parseCidr(own.address)!).find((cidr) => cidrContains(cidr, address));
  return network ? nthAddress(network, network.last - network.first - 1n)! : address;
}
