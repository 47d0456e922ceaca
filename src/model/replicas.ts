/**
 * The pods that workloads ask for, as their controllers create them (kubernetes pkg/controller). Of names that a controller
 * draws at random the drawn part is a number here, so that the same input has the same pods.
 */
import type { Diagnostics } from '../diagnostic.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { Path } from '../parse/yaml.ts';
import { bandwidthOf } from './bandwidth.ts';
import type { Node } from './cluster.ts';
import { daemonNodes, daemonSpec } from './daemon-set.ts';
import { ofKind } from './defaults.ts';
import type { Draft } from './draft.ts';
import { refuseWorkload, templateLabels } from './workload-rules.ts';

const KINDS = ['Deployment', 'ReplicaSet', 'ReplicationController', 'StatefulSet', 'DaemonSet', 'Job'] as const;

export type Workload = Extract<Manifest, { kind: (typeof KINDS)[number] }>;

/** Nothing for a workload whose pods or ReplicaSets are given as well, as in a dump of a cluster. */
export function replicas(
  manifests: readonly Manifest[],
  nodes: readonly Node[],
  namespace: string,
  diagnostics: Diagnostics,
): Draft[] {
  const owners = new Set(
    [...ofKind(manifests, 'Pod'), ...ofKind(manifests, 'ReplicaSet')].flatMap(({ object }) => {
      const space = object.metadata.namespace ?? namespace;
      return (object.metadata.ownerReferences ?? []).map(({ kind, name }) => `${kind}/${space}/${name}`);
    }),
  );
  return manifests.filter(isWorkload).flatMap((workload) => {
    const { kind, object, locate, origin } = workload;
    const space = object.metadata.namespace ?? namespace;
    if (owners.has(`${kind}/${space}/${object.metadata.name}`)) return [];
    if (refuseWorkload(workload, diagnostics)) return [];
    const { metadata, spec: given } = object.spec.template;
    const spec = kind === 'DaemonSet' ? daemonSpec(given) : given;
    const bandwidth = bandwidthOf(
      metadata?.annotations ?? {},
      (annotation) => locate(['spec', 'template', 'metadata', 'annotations', annotation]),
      diagnostics,
    );
    const common = templateLabels(workload);
    return replicasOf(workload, spec, nodes).map(({ name, labels, ...own }) => ({
      namespace: space,
      name,
      labels: { ...common, ...labels },
      spec,
      hostname: spec.hostname,
      subdomain: spec.subdomain,
      ...own,
      status: undefined,
      terminating: false,
      bandwidth,
      locateSpec: (path: Path) => locate(['spec', 'template', 'spec', ...path]),
      origin,
    }));
  });
}

function isWorkload(manifest: Manifest): manifest is Workload {
  return KINDS.some((kind) => kind === manifest.kind);
}

/** What a controller gives one of its pods beyond the template. */
interface Replica extends Pick<Draft, 'name'>, Partial<Pick<Draft, 'labels' | 'hostname' | 'subdomain' | 'onlyNode'>> {}

function replicasOf(workload: Workload, spec: Draft['spec'], nodes: readonly Node[]): Replica[] {
  switch (workload.kind) {
    case 'StatefulSet':
      return membersOf(workload.object);
    case 'DaemonSet':
      return daemonsOf(workload.object, spec, nodes);
    case 'Job':
      return workersOf(workload.object);
    default:
      return names(workload.object, workload.object.spec.replicas).map((name) => ({ name }));
  }
}

/** `NAME-0`, `NAME-1`, … */
function names({ metadata: { name } }: Workload['object'], count: number, start = 0): string[] {
  return Array.from({ length: count }, (_, index) => `${name}-${start + index}`);
}

/** pkg/controller/statefulset/stateful_set_utils.go, initIdentity: a name that stays, in the domain of its Service. */
function membersOf(set: ManifestOf<'StatefulSet'>['object']): Replica[] {
  const { replicas: count, ordinals, serviceName } = set.spec;
  const start = ordinals?.start ?? 0;
  return names(set, count, start).map((name, index) => ({
    name,
    labels: { 'statefulset.kubernetes.io/pod-name': name, 'apps.kubernetes.io/pod-index': String(start + index) },
    hostname: name,
    subdomain: serviceName,
  }));
}

function daemonsOf(set: ManifestOf<'DaemonSet'>['object'], spec: Draft['spec'], nodes: readonly Node[]): Replica[] {
  const own = daemonNodes(spec, nodes);
  return names(set, own.length).map((name, index) => ({ name, onlyNode: own[index]!.name }));
}

/**
 * pkg/controller/job/job_controller.go: those that run at first, of an Indexed Job the first indexes; none of a Job that is
 * suspended or over.
 */
function workersOf(job: ManifestOf<'Job'>['object']): Replica[] {
  const { parallelism = 1, completions, completionMode, suspend } = job.spec;
  const ends = job.status?.conditions?.filter(({ type }) => type === 'Complete' || type === 'Failed') ?? [];
  const isIdle = suspend || ends.some(({ status }) => status === 'True');
  const own = names(job, isIdle ? 0 : Math.min(parallelism, completions ?? parallelism));
  if (completionMode === 'NonIndexed') return own.map((name) => ({ name }));
  return own.map((name, index) => ({
    name,
    labels: { 'batch.kubernetes.io/job-completion-index': String(index) },
    hostname: name,
  }));
}
