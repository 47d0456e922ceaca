/** A line of a rule trace. */

export interface MatchedRule {
  /** `ipvs` for a virtual server of IPVS. */
  readonly table: string;
  readonly chain: string;
  /**
   * The rule as iptables-save writes it, without `-A CHAIN`, or as nft does; `policy DROP` where a built-in chain ended in
   * it. After lookups in sets and maps comes what was found: `… vmap @service-ips → 10.96.0.10 . tcp . 80 : goto …`. A
   * virtual server as `ipvsadm -Sn` writes it, and the real one it chose.
   */
  readonly rule: string;
}

/** A packet as it is when it comes to a hook. */
export interface Header {
  readonly source: string;
  readonly destination: string;
  /** `47372 80`; empty for protocols without. */
  readonly ports: string;
  /** Stays the same from hook to hook: only the last of them, POSTROUTING or INPUT, translates the source. */
  readonly sameAtAllHooks: string;
}

/** A packet comes to a hook, the kernel begins to report on it, or it meets a rule. `number` tells the packets of a hook apart. */
export type Line = { readonly number: string } & (
  | { readonly kind: 'packet'; readonly header: Header }
  | { readonly kind: 'begin'; readonly hook: string }
  | { readonly kind: 'rule'; readonly matched: MatchedRule }
);

/** Undefined for what says nothing of these. */
export type LineReader = (line: string) => Line | undefined;

export interface HeaderFields {
  readonly source?: string | undefined;
  readonly destination?: string | undefined;
  readonly sourcePort?: string | undefined;
  readonly destinationPort?: string | undefined;
  readonly id?: string | undefined;
  readonly length?: string | undefined;
}

export function headerOf({
  source = '',
  destination = '',
  sourcePort,
  destinationPort,
  id,
  length,
}: HeaderFields): Header {
  return {
    source,
    destination,
    ports: sourcePort === undefined ? '' : `${sourcePort} ${destinationPort}`,
    sameAtAllHooks: [source, sourcePort, id, length].join(' '),
  };
}

/** A policy counts only when it drops: that a chain came to its end otherwise says nothing. */
export function policy(verdict: string): string | undefined {
  return /^drop/i.test(verdict) ? 'policy DROP' : undefined;
}
