/** From a text to kernel state, and how to look into it. */
import { compile, type KernelState } from '../../src/compile/index.ts';
import type { TableName } from '../../src/compile/iptables.ts';
import type { Link, Namespace } from '../../src/compile/kernel-state.ts';
import type { ModelOptions } from '../../src/model/index.ts';
import { clusterOf, clusterOfFile } from '../model/cluster.ts';

export function stateOf(text: string, options: Partial<ModelOptions> = {}): KernelState {
  return compile(clusterOf(text, options));
}

/** That of a file and of those that it names. */
export function stateOfFile(path: string): KernelState {
  return compile(clusterOfFile(path));
}

export function namespaceOf({ namespaces }: KernelState, name: string): Namespace {
  const found = namespaces.find((namespace) => namespace.name === name);
  if (!found) throw new Error(`no namespace ${name} among ${namespaces.map((each) => each.name).join(', ')}`);
  return found;
}

export function linkOf({ links }: Namespace, name: string): Link {
  const found = links.find((link) => link.name === name);
  if (!found) throw new Error(`no link ${name} among ${links.map((each) => each.name).join(', ')}`);
  return found;
}

/** The rules of every chain of a table, an empty list for an empty chain. */
export function chainsOf({ iptables }: Namespace, table: TableName): Record<string, string[]> {
  const chains = iptables?.tables.find(({ name }) => name === table)?.chains ?? [];
  return Object.fromEntries(chains.map(({ name, rules }) => [name, rules.map(({ text }) => text)]));
}

export function rulesOf(namespace: Namespace, table: TableName, chain: string): string[] {
  const rules = chainsOf(namespace, table)[chain];
  if (!rules) throw new Error(`no chain ${chain} in ${table}`);
  return rules;
}

export function sysctlsOf({ sysctls }: Namespace): Record<string, string> {
  return Object.fromEntries(sysctls.map(({ key, value }) => [key, value]));
}

/** Entries without where they come from. */
export function bare<T extends { readonly origin: unknown }>(entries: readonly T[]): Omit<T, 'origin'>[] {
  return entries.map(({ origin: _origin, ...rest }) => rest);
}

/** kube-proxy's table of nftables: rules by chain, elements by set or map, both as text. */
export function nftablesOf({ nft }: Namespace) {
  const table = nft.find(({ name }) => name === 'kube-proxy');
  if (!table) throw new Error('no table kube-proxy');
  return {
    chains: Object.fromEntries(table.chains.map(({ name, rules }) => [name, rules.map(({ text }) => text)])),
    sets: Object.fromEntries(table.sets.map(({ name, elements }) => [name, elements])),
  };
}
