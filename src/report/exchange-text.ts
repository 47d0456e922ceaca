/** A question to a nameserver and what came of it, in a line: `pod/client asks 10.96.0.10: A? web.prod.  →  NXDOMAIN`. */
import { formatStatus } from '../stitch/summary.ts';
import type { Walk } from '../stitch/walk.ts';

export function formatQuery({ from, probe }: Walk): string {
  const { question, remote, protocol, result } = probe;
  const reply = result.kind === 'answered' ? result.reply : undefined;
  const how = protocol === 'TCP' ? ' over TCP' : '';
  const asked = `${from} asks ${remote.address}${how}: ${question!.type}? ${question!.name}.`;
  return `${asked}  →  ${reply ? formatStatus(reply) : 'nobody answers'}`;
}
