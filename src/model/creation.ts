/** Which objects are older than which: by `creationTimestamp`, where a cluster has set it, and then in the order of the documents. */
import type { Origin } from '../diagnostic.ts';
import type { Manifest } from '../parse/index.ts';

/** A number for each object; the pods of one workload have one number. */
export type CreationOrder = (origin: Origin) => number;

export function creationOrder(manifests: readonly Manifest[]): CreationOrder {
  const inOrder = manifests.toSorted((a, b) => compare(timestampOf(a), timestampOf(b)));
  const numbers = new Map(inOrder.map(({ origin }, index) => [origin, index]));
  return (origin) => numbers.get(origin)!;
}

function timestampOf(manifest: Manifest): string {
  const { metadata } = manifest.object as { metadata?: { creationTimestamp?: unknown } };
  return typeof metadata?.creationTimestamp === 'string' ? metadata.creationTimestamp : '';
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
