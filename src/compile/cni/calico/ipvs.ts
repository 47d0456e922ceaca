/**
 * What Felix adds where kube-proxy runs in mode ipvs (felix rules/static.go, dispatch.go, epmark.go): what is for a Service comes into
 * INPUT and goes out by OUTPUT, where nobody can see whom it came from. A mark says it.
 *
 *   cali-INPUT → cali-forward-check ─ not for the node, or for a NodePort → cali-set-endpoint-mark → cali-sm-x: the mark of pod x
 *   IPVS: DNAT
 *   cali-OUTPUT ─ marked → cali-forward-endpoint-mark → cali-from-endpoint-mark → cali-fw-x, and to a pod: cali-to-wl-dispatch
 */
import type { Pod } from '../../../model/cluster.ts';
import { dispatchRules } from './endpoints.ts';
import { chainName, interfaceName } from './names.ts';
import type { FelixRule, FelixTable } from './table.ts';
import { goTo, isMarked, jump, MARK } from './words.ts';

/** The rest of Felix's bits; the lowest stands for whoever is no pod. */
const ENDPOINTS = '0xfff00000';
const FIRST_BIT = 20;
const POSITIONS = 4096;
const NOBODY = 1;

const isEndpoint = `-m mark ! --mark 0/${ENDPOINTS}`;
const clear: FelixRule = { action: `--jump MARK --set-mark 0/${ENDPOINTS}` };

/** In cali-INPUT, before what comes from pods is taken for the node's own. */
export const INPUT: readonly FelixRule[] = [
  clear,
  { action: jump('cali-forward-check') },
  { match: isEndpoint, action: jump('RETURN') },
];

/** In cali-OUTPUT, before what goes to pods is taken for the node's own. */
export const OUTPUT: readonly FelixRule[] = [{ match: isEndpoint, action: goTo('cali-forward-endpoint-mark') }];

/** In cali-POSTROUTING of table mangle. */
export const POSTROUTING: readonly FelixRule[] = [{ match: isEndpoint, action: jump('RETURN') }];

export interface IpvsOptions {
  /** The set of the node's addresses. */
  readonly thisHost: string;
  /** `30000-32767` */
  readonly nodePortRange: string;
}

export function compileIpvsChains(filter: FelixTable, pods: readonly Pod[], options: IpvsOptions): void {
  const { thisHost, nodePortRange } = options;
  const toNode = `-m multiport --destination-ports ${nodePortRange.replace('-', ':')} -m set --match-set ${thisHost} dst`;
  const nodePort = (protocol: string): FelixRule => ({
    comment: 'To kubernetes NodePort service',
    match: `-p ${protocol} ${toNode}`,
    action: goTo('cali-set-endpoint-mark'),
  });
  filter.chain('cali-forward-check', [
    { match: '-m conntrack --ctstate RELATED,ESTABLISHED', action: jump('RETURN') },
    nodePort('tcp'),
    nodePort('udp'),
    {
      comment: 'To kubernetes service',
      match: `-m set ! --match-set ${thisHost} dst`,
      action: jump('cali-set-endpoint-mark'),
    },
  ]);
  filter.chain('cali-set-endpoint-mark', [
    ...dispatchRules(filter, pods, 'cali-set-endpoint-mark-wep', 'sm', (name) => `--in-interface ${name}`, []),
    { comment: 'Unknown endpoint', match: '--in-interface cali+', action: jump('DROP') },
    { comment: 'Non-Cali endpoint mark', action: setMark(NOBODY) },
  ]);
  const marks = marksOf(pods);
  for (const [name, position] of marks) filter.chain(chainName('cali-sm-', name), [{ action: setMark(position) }]);
  filter.chain('cali-forward-endpoint-mark', [
    { match: `-m mark ! --mark ${markOf(NOBODY)}/${ENDPOINTS}`, action: jump('cali-from-endpoint-mark') },
    { match: '--out-interface cali+', action: jump('cali-to-wl-dispatch') },
    { action: jump('cali-to-hep-forward') },
    clear,
    { comment: 'Policy explicitly accepted packet.', match: isMarked(MARK.accept), action: jump('ACCEPT') },
  ]);
  filter.chain('cali-from-endpoint-mark', [
    ...[...marks].map(([name, position]) => ({
      match: `-m mark --mark ${markOf(position)}/${ENDPOINTS}`,
      action: goTo(chainName('cali-fw-', name)),
    })),
    { comment: 'Unknown interface', action: jump('DROP') },
  ]);
}

/** By the hash of the interface's name, the next free one where it is taken. */
function marksOf(pods: readonly Pod[]): Map<string, number> {
  const taken = new Set([0, NOBODY]);
  return new Map(
    pods
      .map(interfaceName)
      .sort()
      .map((name) => {
        let position = fnv32(name) % POSITIONS;
        while (taken.has(position)) position = (position + 1) % POSITIONS;
        taken.add(position);
        return [name, position];
      }),
  );
}

/** FNV-1. */
function fnv32(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(text)) hash = (Math.imul(hash, 0x01000193) ^ byte) >>> 0;
  return hash;
}

function markOf(position: number): string {
  return `0x${(position * 2 ** FIRST_BIT).toString(16)}`;
}

function setMark(position: number): string {
  return `--jump MARK --set-mark ${markOf(position)}/${ENDPOINTS}`;
}
