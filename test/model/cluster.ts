/** parse() and model() for tests: a text in, a cluster or what is wrong with the text out. */
import { readSources } from '../../src/cli/input.ts';
import { type Diagnostic, Diagnostics, formatDiagnostic } from '../../src/diagnostic.ts';
import type { Cluster, Node, Pod, Service } from '../../src/model/cluster.ts';
import type { ModelOptions } from '../../src/model/index.ts';
import { modelSteps, type Step, type StepOptions } from '../../src/model/steps.ts';
import { parse, type Source } from '../../src/parse/index.ts';
import { brief } from '../parse/read.ts';

export function modelled(
  text: string,
  options: Partial<StepOptions> = {},
): { cluster: Cluster | undefined; steps: readonly Step[]; diagnostics: Diagnostic[] } {
  return modelledSources([{ name: 'lab.yaml', text }], options);
}

function modelledSources(sources: readonly Source[], options: Partial<StepOptions>) {
  const diagnostics = new Diagnostics();
  const manifests = parse(sources, diagnostics);
  const modelled = modelSteps(manifests, { name: 'lab', namespace: 'default', ...options }, diagnostics);
  return { cluster: modelled?.beginning, steps: modelled?.steps ?? [], diagnostics: diagnostics.sorted() };
}

/** The cluster of a text that must have no error. */
export function clusterOf(text: string, options: Partial<ModelOptions> = {}): Cluster {
  return withoutError(modelled(text, options));
}

/** That of a file and of those that it names. */
export function clusterOfFile(path: string): Cluster {
  return withoutError(modelledSources(readSources([path]), {}));
}

function withoutError({ cluster, diagnostics }: Pick<ReturnType<typeof modelled>, 'cluster' | 'diagnostics'>): Cluster {
  if (!cluster) throw new Error(diagnostics.map(formatDiagnostic).join('\n'));
  return cluster;
}

/** What is wrong with a text, warnings left out: `line:column code`. */
export function errors(text: string, options: Partial<ModelOptions> = {}): string[] {
  return modelled(text, options)
    .diagnostics.filter(({ severity }) => severity === 'error')
    .map(brief);
}

/** The only error of a text that must have exactly one. */
export function error(text: string, options: Partial<ModelOptions> = {}): Diagnostic {
  const [only, ...others] = modelled(text, options).diagnostics.filter(({ severity }) => severity === 'error');
  if (!only || others.length > 0) throw new Error(`not one error but ${only ? others.length + 1 : 0}`);
  return only;
}

export function nodeOf({ nodes }: Cluster, name: string): Node {
  return nodes.find((node) => node.name === name)!;
}

export function podOf({ pods }: Cluster, place: string): Pod {
  return pods.find((pod) => pod.place === `pod/${place}`)!;
}

export function serviceOf({ services }: Cluster, name: string): Service {
  return services.find((service) => service.name === name)!;
}
