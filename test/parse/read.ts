/** parse() for tests: texts in, manifests and diagnostics out. The sources are called a.yaml, b.yaml, … */
import { type Diagnostic, Diagnostics } from '../../src/diagnostic.ts';
import { type Manifest, parse } from '../../src/parse/index.ts';

export function read(...texts: readonly string[]): { manifests: KubernetesManifest[]; diagnostics: Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const sources = texts.map((text, index) => ({ name: `${String.fromCharCode(97 + index)}.yaml`, text }));
  const manifests = parse(sources, diagnostics) as KubernetesManifest[];
  return { manifests, diagnostics: diagnostics.sorted() };
}

/** A file of another name would be a network configuration. */
type KubernetesManifest = Exclude<Manifest, { kind: 'NetworkConfiguration' }>;

/** A diagnostic as `line:column code`, a warning with `~` before it. */
export function brief({ severity, code, at }: Diagnostic): string {
  return `${severity === 'warning' ? '~' : ''}${at ? `${at.line}:${at.column} ` : ''}${code}`;
}

/** What is wrong with a text, briefly. */
export function problems(...texts: readonly string[]): string[] {
  return read(...texts).diagnostics.map(brief);
}
