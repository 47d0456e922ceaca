/** What a link does to the packets that leave by it: the qdisc netem at its root (tc-netem(8)). */
export interface Impairment {
  /** Milliseconds. */
  readonly delay?: number;
  /** How far a packet's delay may be from that, either way: milliseconds. */
  readonly jitter?: number;
  /** Of 100 packets, how many are lost. */
  readonly loss?: number;
  /** Bits a second. */
  readonly rate?: number;
}

export function isImpaired(impairment: Impairment): boolean {
  return Object.keys(impairment).length > 0;
}

/** netem's parameters as tc takes them. */
export function impairmentWords({ delay, jitter, loss, rate }: Impairment): string[] {
  return [
    ...(delay === undefined ? [] : ['delay', `${delay}ms`, ...(jitter === undefined ? [] : [`${jitter}ms`])]),
    ...(loss === undefined ? [] : ['loss', `${loss}%`]),
    ...(rate === undefined ? [] : ['rate', rateText(rate)]),
  ];
}

const UNITS = [
  ['gbit', 1e9],
  ['mbit', 1e6],
  ['kbit', 1e3],
  ['bit', 1],
] as const;

function rateText(rate: number): string {
  const [unit, size] = UNITS.find((candidate) => rate % candidate[1] === 0)!;
  return `${rate / size}${unit}`;
}
