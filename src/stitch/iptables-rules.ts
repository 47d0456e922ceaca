/** The rules of iptables by the numbers nft has for them: `nat FLANNEL-POSTRTG 17`, as iptables-save writes them, without `-A CHAIN`. */
import type { IptablesRules } from '../capture/rule-trace.ts';

/** A chain whose two listings do not have equally many rules was changed in between: its rules are left out. */
export function iptablesRules(iptables: IptablesRules): ReadonlyMap<string, string> {
  const saved = savedRules(iptables.saved);
  return new Map(
    [...listedHandles(iptables.listed)].flatMap(([chain, handles]) => {
      const rules = saved.get(chain) ?? [];
      if (rules.length !== handles.length) return [];
      return handles.map((handle, index): [string, string] => [`${chain} ${handle}`, rules[index]!]);
    }),
  );
}

/** By table and chain. */
function savedRules(text: string): Map<string, string[]> {
  const rules = new Map<string, string[]>();
  let table = '';
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) table = line.slice(1);
    const [, chain, rule = ''] = /^-A (\S+) (.*)$/.exec(line) ?? [];
    if (chain !== undefined) append(rules, `${table} ${chain}`, rule);
  }
  return rules;
}

function listedHandles(text: string): Map<string, string[]> {
  const handles = new Map<string, string[]>();
  let [table, chain] = ['', ''];
  for (const line of text.split('\n')) {
    table = /^table \S+ (\S+) \{/.exec(line)?.[1] ?? table;
    chain = /^\tchain (\S+) \{/.exec(line)?.[1] ?? chain;
    const handle = /^\t\t.* # handle (\d+)$/.exec(line)?.[1];
    if (handle !== undefined) append(handles, `${table} ${chain}`, handle);
  }
  return handles;
}

function append(lists: Map<string, string[]>, key: string, value: string): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
