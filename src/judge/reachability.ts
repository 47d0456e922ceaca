/** Holds what policies say about a pair against what a probe said. */
import type { Permission } from '../model/policy-verdict.ts';
import type { ProbeResult } from '../probe/probe.ts';
import type { Pair } from './pairs.ts';

/** `mixed`: a Service some of whose endpoints may be reached. `undefined`: Kubernetes does not say. */
export type Expected = 'allowed' | 'denied' | 'mixed' | 'undefined';
/** `silent`: no answer in time. `unsent`: this kernel cannot send such a probe. */
export type Measured = 'reached' | 'refused' | 'silent' | 'unsent';

export interface Cell extends Pair {
  readonly expected: Expected;
  readonly measured: Measured;
  /** Who answered. */
  readonly endpoint?: string;
  /** The two disagree. */
  readonly differs: boolean;
}

export function judgeCell(pair: Pair, result: ProbeResult): Cell {
  const expected = expectedOf(pair);
  const measured = measuredOf(result);
  const endpoint = result.kind === 'answered' ? result.answer?.endpoint : undefined;
  const differs =
    measured !== 'unsent' && (measured === 'reached' ? mayNot(pair, expected, endpoint) : expected === 'allowed');
  return { ...pair, expected, measured, ...(endpoint !== undefined && { endpoint }), differs };
}

export function expectedOf({ permissions }: Pair): Expected {
  if (permissions === undefined) return 'undefined';
  const allowed = permissions.filter(({ permission }) => permission.allowed).length;
  if (allowed === permissions.length) return 'allowed';
  return allowed === 0 ? 'denied' : 'mixed';
}

/** Why a pair is denied, each way once: `ingress of pod/db: default-deny allows no ingress`. */
export function denialsOf({ from, permissions = [] }: Pair): string[] {
  const texts = permissions.flatMap(({ receiver, permission }) => [
    ...denial('egress', from.place, permission),
    ...denial('ingress', receiver.end.pod?.place ?? receiver.end.address, permission),
  ]);
  return [...new Set(texts)];
}

function denial(direction: 'egress' | 'ingress', of: string, permission: Permission): string[] {
  const judgement = permission[direction];
  return judgement.allowed ? [] : [`${direction} of ${of}: ${judgement.because.join('; ')}`];
}

/** Whether somebody answered who should not have been reached. */
function mayNot({ permissions = [] }: Pair, expected: Expected, endpoint: string | undefined): boolean {
  if (expected !== 'mixed') return expected === 'denied';
  const answering = permissions.find(({ receiver: { end } }) => end.pod !== undefined && end.pod.place === endpoint);
  return answering !== undefined && !answering.permission.allowed;
}

function measuredOf(result: ProbeResult): Measured {
  switch (result.kind) {
    case 'answered':
      return 'reached';
    case 'refused':
      return 'refused';
    case 'timeout':
      return 'silent';
    case 'unsupported':
      return 'unsent';
  }
}
