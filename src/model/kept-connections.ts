/** Connections that one check opens and later ones send over. */
import type { CheckObject } from '../parse/schema/check.ts';
import type { Path } from '../parse/yaml.ts';
import type { ConnectionCheck, Sender } from './check.ts';

export type Parties = Pick<ConnectionCheck, 'from' | 'to'>;

type Report = (code: string, message: string, path: Path, help?: string) => void;

/** Who sent then sends again, to whom it sent then. Undefined after reporting that nobody did. */
export function partiesOn(check: CheckObject, opened: readonly ConnectionCheck[], report: Report): Parties | undefined {
  for (const field of ['from', 'to', 'resolve', 'family', 'interval', 'opens'] as const)
    if (check[field] !== undefined) report('conflicting-fields', `a check with "on" has no "${field}"`, [field]);
  if (check.connections > 1)
    report('conflicting-fields', 'a check with "on" sends over one connection', ['connections']);
  const opener = opened.find(({ opens }) => opens === check.on);
  if (opener) return { from: opener.from, to: opener.to };
  const names = opened.map(({ opens }) => opens).join(', ');
  report(
    'unknown-connection',
    `no earlier step has opened a connection "${check.on}"`,
    ['on'],
    names === '' ? 'a check opens one, and keeps it, with opens: NAME' : `opened: ${names}`,
  );
  return undefined;
}

/** Reports why the connection of a check cannot be kept, where that is asked for. */
export function reportUnkept(
  { opens, connections }: CheckObject,
  { protocol }: Sender,
  opened: readonly ConnectionCheck[],
  report: Report,
): void {
  if (opens === undefined) return;
  if (protocol !== 'TCP')
    report(
      'conflicting-fields',
      `${protocol} has no connection to keep`,
      ['opens'],
      'a sender with a port of its own, from: { place: pod/client, port: 5000 }, is the same one each time',
    );
  if (connections > 1) report('conflicting-fields', 'one connection is kept, not several', ['connections']);
  if (opened.some((other) => other.opens === opens))
    report('duplicate-name', `there is a connection "${opens}" already`, ['opens']);
}
