/** What was asked for and what came of it, in a line: `pod/client asks 10.96.0.10: A? web.prod.  →  NXDOMAIN`. */
import { formatUrl } from '../model/url.ts';
import { formatStatus } from '../stitch/summary.ts';
import type { Walk } from '../stitch/walk.ts';

/** Undefined of a walk that neither asks a nameserver nor for a URL. */
export function formatExchange(walk: Walk): string | undefined {
  if (walk.probe.question) return formatQuery(walk);
  if (walk.probe.http) return formatRequest(walk);
  return undefined;
}

export function formatQuery({ from, probe }: Walk): string {
  const { question, remote, protocol, result } = probe;
  const reply = result.kind === 'answered' ? result.reply : undefined;
  const how = protocol === 'TCP' ? ' over TCP' : '';
  const asked = `${from} asks ${remote.address}${how}: ${question!.type}? ${question!.name}.`;
  return `${asked}  →  ${reply ? formatStatus(reply) : 'nobody answers'}`;
}

function formatRequest({ from, probe, endpoint }: Walk): string {
  const { http, result } = probe;
  const asked = `${from} gets ${formatUrl(http!)}`;
  if (result.kind !== 'answered') return `${asked}  →  no answer`;
  const { status, location } = result;
  const by = endpoint === undefined ? '' : `, from ${endpoint}`;
  return `${asked}  →  ${status}${by}${location === undefined ? '' : `: ${location}`}`;
}
