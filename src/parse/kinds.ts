/** Which documents are understood, which are known and ignored, and which are mistakes. */
import type * as z from 'zod';
import * as kubernetes from './schema/kubernetes.ts';
import { topology } from './schema/topology.ts';

/** Schema by kind, and the API group the kind belongs to. */
export const EMULATED = {
  Topology: { group: 'packetwalk.dev', schema: topology },
  Namespace: { group: '', schema: kubernetes.namespace },
  Node: { group: '', schema: kubernetes.node },
  Pod: { group: '', schema: kubernetes.pod },
  Deployment: { group: 'apps', schema: kubernetes.deployment },
  ReplicaSet: { group: 'apps', schema: kubernetes.replicaSet },
  ReplicationController: { group: '', schema: kubernetes.replicationController },
  Service: { group: '', schema: kubernetes.service },
  Endpoints: { group: '', schema: kubernetes.endpoints },
  EndpointSlice: { group: 'discovery.k8s.io', schema: kubernetes.endpointSlice },
} as const satisfies Record<string, { group: string; schema: z.ZodType }>;

export type EmulatedKind = keyof typeof EMULATED;

/** Before apps/v1 the workloads lived in extensions/v1beta1; old documents still say so. */
const FORMER_GROUPS: Record<string, string> = { extensions: 'apps' };

/** Kinds of Kubernetes' own API that exist and are not emulated. Kinds of other groups are taken for custom resources. */
const IGNORED: Record<string, readonly string[]> = {
  '': [
    'Binding',
    'ComponentStatus',
    'ConfigMap',
    'Event',
    'LimitRange',
    'PersistentVolume',
    'PersistentVolumeClaim',
    'PodTemplate',
    'ResourceQuota',
    'Secret',
    'ServiceAccount',
  ],
  apps: ['ControllerRevision', 'DaemonSet', 'StatefulSet'],
  batch: ['CronJob', 'Job'],
  'networking.k8s.io': ['Ingress', 'IngressClass', 'NetworkPolicy', 'IPAddress', 'ServiceCIDR'],
  autoscaling: ['HorizontalPodAutoscaler'],
  policy: ['PodDisruptionBudget', 'PodSecurityPolicy'],
};

export type Classification =
  | { readonly is: 'emulated'; readonly kind: EmulatedKind }
  | { readonly is: 'ignored' }
  | { readonly is: 'list' }
  | { readonly is: 'unknown'; readonly candidates: readonly string[] };

/** Decides what a document's `apiVersion` and `kind` stand for. */
export function classify(apiVersion: string, kind: string): Classification {
  const group = groupOf(apiVersion);
  if (kind in EMULATED && EMULATED[kind as EmulatedKind].group === group)
    return { is: 'emulated', kind: kind as EmulatedKind };
  if (kind.endsWith('List') && (group in IGNORED || group === 'discovery.k8s.io')) return { is: 'list' };
  if (IGNORED[group]?.includes(kind)) return { is: 'ignored' };
  if (kind in EMULATED) return { is: 'unknown', candidates: [kind] };
  const ownKinds = (Object.keys(EMULATED) as EmulatedKind[]).filter((name) => EMULATED[name].group === group);
  if (ownKinds.length === 0 && !(group in IGNORED)) return { is: 'ignored' };
  return { is: 'unknown', candidates: [...ownKinds, ...(IGNORED[group] ?? [])] };
}

function groupOf(apiVersion: string): string {
  const [group, version] = apiVersion.split('/');
  return version === undefined ? '' : (FORMER_GROUPS[group!] ?? group!);
}
