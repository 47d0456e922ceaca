/** Which node answers for an address (metallb speaker/layer2_controller.go, ShouldAnnounce). */
import { createHash } from 'node:crypto';

/** Every speaker comes to the same: the first of the candidates that are alive, by a hash of node and address. Undefined: none is. */
export function elected(
  address: string,
  candidates: readonly string[],
  alive: ReadonlySet<string>,
): string | undefined {
  const hashOf = (node: string) => createHash('sha256').update(`${node}#${address}`).digest('hex');
  const usable = candidates.filter((node) => alive.has(node)).map((node) => ({ node, hash: hashOf(node) }));
  return usable.sort((a, b) => (a.hash < b.hash ? -1 : 1))[0]?.node;
}
