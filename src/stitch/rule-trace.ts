/** What a rule trace says, as the rules each packet met. */
import type { RuleTrace } from '../capture/rule-trace.ts';
import { nftLineReader } from './nft-trace.ts';
import type { Header, MatchedRule } from './trace-line.ts';

/** A packet as it was when it came to its first hook, and all the rules it met. */
export interface TracedPacket extends Header {
  readonly namespace: string;
  /** The hook it came to first: PREROUTING or OUTPUT. */
  readonly hook: string;
  readonly rules: MatchedRule[];
}

export function readTrace(trace: RuleTrace): TracedPacket[] {
  const { namespace, text } = trace;
  const packets: TracedPacket[] = [];
  /** By number. Numbers are used again, and a packet may get another between two hooks: each header says which it is. */
  const headers = new Map<string, Header>();
  const current = new Map<string, TracedPacket | undefined>();
  for (const line of text.split('\n').map(nftLineReader(trace))) {
    if (line?.kind === 'packet') {
      const { number, header } = line;
      headers.set(number, header);
      const isSame = (packet: TracedPacket | undefined) => packet?.sameAtAllHooks === header.sameAtAllHooks;
      if (!isSame(current.get(number))) current.set(number, packets.findLast(isSame));
    } else if (line?.kind === 'begin') {
      const header = headers.get(line.number);
      if (!header) continue;
      const packet = { ...header, namespace, hook: line.hook, rules: [] };
      current.set(line.number, packet);
      packets.push(packet);
    } else if (line) current.get(line.number)?.rules.push(line.matched);
  }
  return packets;
}
