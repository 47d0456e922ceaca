/** Namespaces as selectors see them. */
import type { Manifest } from '../parse/index.ts';
import { ofKind } from './defaults.ts';

export type NamespaceLabels = (name: string) => Readonly<Record<string, string>>;

/** The labels of a Namespace, given or not: the API server adds its name (kubernetes pkg/apis/core/v1/defaults.go, SetDefaults_Namespace). */
export function namespaceLabels(manifests: readonly Manifest[]): NamespaceLabels {
  const given = new Map(
    ofKind(manifests, 'Namespace').map(({ object: { metadata } }) => [metadata.name, metadata.labels]),
  );
  return (name) => ({ ...given.get(name), 'kubernetes.io/metadata.name': name });
}
