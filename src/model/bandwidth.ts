/**
 * The bandwidth that a pod's annotations ask for, in bits a second, as container runtimes hand it to network plugins
 * (kubernetes pkg/util/bandwidth/utils.go, ExtractPodBandwidthResources).
 */
import type { Diagnostics, Position } from '../diagnostic.ts';

export interface Bandwidth {
  /** What comes to the pod. */
  readonly ingress?: number;
  /** What it sends. */
  readonly egress?: number;
}

const ANNOTATIONS = { ingress: 'kubernetes.io/ingress-bandwidth', egress: 'kubernetes.io/egress-bandwidth' } as const;
const MIN = 1e3;
const MAX = 1e15;

/** Undefined when nothing is asked for, or after reporting what cannot be. */
export function bandwidthOf(
  annotations: Readonly<Record<string, string>>,
  locate: (annotation: string) => Position,
  diagnostics: Diagnostics,
): Bandwidth | undefined {
  const [ingress, egress] = [ANNOTATIONS.ingress, ANNOTATIONS.egress].map((annotation) => {
    const text = annotations[annotation];
    if (text === undefined) return undefined;
    const value = quantity(text);
    if (value !== undefined && value >= MIN && value <= MAX) return value;
    diagnostics.error(
      'invalid-value',
      `${annotation} cannot be "${text}"`,
      locate(annotation),
      'it must be a quantity of bits a second from 1k to 1P, such as 10M',
    );
    return undefined;
  });
  if (ingress === undefined && egress === undefined) return undefined;
  return { ...(ingress !== undefined && { ingress }), ...(egress !== undefined && { egress }) };
}

const UNITS: Record<string, number> = {
  '': 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  P: 1e15,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
  Pi: 2 ** 50,
};

/** As far as bandwidths are written so (kubernetes apimachinery pkg/api/resource/quantity.go); rounded up to whole bits. */
function quantity(text: string): number | undefined {
  const [, number, unit = ''] = /^\+?(\d+(?:\.\d*)?|\.\d+)([kMGTP]|[KMGTP]i|[eE][+-]?\d+)?$/.exec(text) ?? [];
  if (number === undefined) return undefined;
  return Math.ceil(/^[eE]/.test(unit) ? Number(number + unit) : Number(number) * UNITS[unit]!);
}
