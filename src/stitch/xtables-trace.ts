/**
 * What `xtables-monitor --trace` prints:
 *
 *   PACKET: 2 26ec3b56 IN=cni0 … SRC=10.244.1.2 DST=10.96.0.1 … SPORT=47372 DPORT=80 SYN
 *    TRACE: 2 26ec3b56 raw:PREROUTING:rule:0x2:CONTINUE  -4 -t raw -A PREROUTING -j TRACE
 *    TRACE: 2 26ec3b56 nat:KUBE-SERVICES:rule:0x8:JUMP:KUBE-SVC-…  -4 -t nat -A KUBE-SERVICES … -j KUBE-SVC-…
 *    TRACE: 2 26ec3b56 nat:PREROUTING:policy:ACCEPT
 */
import { type Header, headerOf, type Line, policy } from './trace-line.ts';

/** Our own TRACE rules are here. */
const OWN_TABLE = 'raw';

export function readXtablesLine(line: string): Line | undefined {
  const [, kind, number = '', rest = ''] = /^\s*(PACKET|TRACE): \d+ ([0-9a-f]+) (.*)$/.exec(line) ?? [];
  if (kind === undefined) return undefined;
  if (kind === 'PACKET') return { kind: 'packet', number, header: readHeader(rest) };
  const [, table = '', chain = '', what = '', more = ''] = /^(\w+):([^:]+):(\w+):(.*)$/.exec(rest) ?? [];
  if (table === OWN_TABLE) return what === 'rule' ? { kind: 'begin', number, hook: chain } : undefined;
  const rule = what === 'policy' ? policy(more) : what === 'rule' ? /-A \S+ (.*)$/.exec(more)?.[1]?.trim() : undefined;
  /** Of a rule that is gone by now only its number is told. */
  return rule === undefined ? undefined : { kind: 'rule', number, matched: { table, chain, rule } };
}

function readHeader(text: string): Header {
  const fields = Object.fromEntries([...text.matchAll(/([A-Z]+)=(\S*)/g)].map(([, name, value]) => [name!, value!]));
  return headerOf({
    source: fields.SRC,
    destination: fields.DST,
    sourcePort: fields.SPORT,
    destinationPort: fields.DPORT,
    id: fields.ID,
    length: fields.LEN,
  });
}
