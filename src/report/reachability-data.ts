/** A matrix for programs: JSON, and CSV (RFC 4180). */

import { type Cell, denialsOf } from '../judge/reachability.ts';
import type { Judgement } from '../model/policy-verdict.ts';
import type { MatrixAbout } from './reachability.ts';

export function reachabilityJson({ name, cni, proxy, durationMs }: MatrixAbout, cells: readonly Cell[]): object {
  const count = (select: (cell: Cell) => boolean) => cells.filter(select).length;
  return {
    version: 1,
    name,
    cni,
    proxy,
    durationMs: Math.round(durationMs),
    cells: cells.map((cell) => ({
      ...rowOf(cell),
      permissions: cell.permissions?.map(({ receiver: { end, port }, permission }) => ({
        receiver: end.pod?.place ?? end.node?.place ?? end.address,
        port,
        egress: judgementOf(permission.egress),
        ingress: judgementOf(permission.ingress),
      })),
    })),
    totals: {
      pairs: cells.length,
      reached: count(({ measured }) => measured === 'reached'),
      denied: count(({ expected }) => expected === 'denied'),
      differing: count(({ differs }) => differs),
    },
  };
}

const COLUMNS = [
  'from',
  'to',
  'address',
  'port',
  'protocol',
  'expected',
  'measured',
  'endpoint',
  'differs',
  'because',
] as const;

export function reachabilityCsv(cells: readonly Cell[]): string {
  const rows = cells.map((cell) => {
    const row = { ...rowOf(cell), because: denialsOf(cell).join('; ') };
    return COLUMNS.map((column) => field(String(row[column] ?? ''))).join(',');
  });
  return [COLUMNS.join(','), ...rows].join('\n');
}

function rowOf({ from, to, expected, measured, endpoint, differs }: Cell) {
  return {
    from: from.place,
    to: to.text,
    address: to.address,
    port: to.port,
    protocol: to.protocol,
    expected,
    measured,
    ...(endpoint !== undefined && { endpoint }),
    differs,
  };
}

function judgementOf(judgement: Judgement): object {
  if (!judgement.allowed) return { allowed: false, because: judgement.because };
  return { allowed: true, ...(judgement.by !== undefined && { by: judgement.by }) };
}

function field(text: string): string {
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
