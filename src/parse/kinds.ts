/** Which documents are understood, which are known and ignored, and which are mistakes. */
import type * as z from 'zod';
import * as ingress from './schema/ingress.ts';
import * as kubernetes from './schema/kubernetes.ts';
import { networkPolicy } from './schema/network-policy.ts';
import { topology } from './schema/topology.ts';
import * as workloads from './schema/workloads.ts';

/** Schema by kind, and the API group the kind belongs to. */
export const EMULATED = {
  Topology: { group: 'packetwalk.dev', schema: topology },
  Namespace: { group: '', schema: kubernetes.namespace },
  Node: { group: '', schema: kubernetes.node },
  Pod: { group: '', schema: kubernetes.pod },
  Deployment: { group: 'apps', schema: workloads.deployment },
  ReplicaSet: { group: 'apps', schema: workloads.replicaSet },
  ReplicationController: { group: '', schema: workloads.replicationController },
  StatefulSet: { group: 'apps', schema: workloads.statefulSet },
  DaemonSet: { group: 'apps', schema: workloads.daemonSet },
  Job: { group: 'batch', schema: workloads.job },
  Service: { group: '', schema: kubernetes.service },
  Endpoints: { group: '', schema: kubernetes.endpoints },
  EndpointSlice: { group: 'discovery.k8s.io', schema: kubernetes.endpointSlice },
  Ingress: { group: 'networking.k8s.io', schema: ingress.ingress },
  IngressClass: { group: 'networking.k8s.io', schema: ingress.ingressClass },
  NetworkPolicy: { group: 'networking.k8s.io', schema: networkPolicy },
  Secret: { group: '', schema: ingress.secret },
} as const satisfies Record<string, { group: string; schema: z.ZodType }>;

export type EmulatedKind = keyof typeof EMULATED;

const EMULATED_KINDS = Object.keys(EMULATED) as EmulatedKind[];

/** What extensions/v1beta1 held lives in these groups now; old documents still say so. */
const FORMER_GROUPS = new Map([['extensions', ['apps', 'networking.k8s.io', 'policy']]]);

/** Versions whose objects look different, and what they are now; the API server does not know them any more (since 1.22). */
const DROPPED: Partial<Record<EmulatedKind, { readonly version: string; readonly help: string }>> = {
  Ingress: {
    version: 'v1beta1',
    help: 'write apiVersion: networking.k8s.io/v1, a pathType beside each path, and backend: { service: { name, port: { number } } }',
  },
};

/** Kubernetes' own groups, with their kinds that exist and are not emulated. */
const IGNORED = new Map<string, readonly string[]>([
  [
    '',
    [
      'Binding',
      'ComponentStatus',
      'ConfigMap',
      'Event',
      'LimitRange',
      'PersistentVolume',
      'PersistentVolumeClaim',
      'PodTemplate',
      'ResourceQuota',
      'ServiceAccount',
    ],
  ],
  ['apps', ['ControllerRevision']],
  ['batch', ['CronJob']],
  ['discovery.k8s.io', []],
  ['networking.k8s.io', ['IPAddress', 'ServiceCIDR']],
  ['autoscaling', ['HorizontalPodAutoscaler']],
  ['policy', ['PodDisruptionBudget', 'PodSecurityPolicy']],
]);

export type Classification =
  | { readonly is: 'emulated'; readonly kind: EmulatedKind }
  | { readonly is: 'dropped'; readonly help: string }
  | { readonly is: 'ignored'; readonly name: string }
  | { readonly is: 'list' }
  | { readonly is: 'unknown'; readonly candidates: readonly string[] };

/** Decides what a document's `apiVersion` and `kind` stand for. */
export function classify(apiVersion: string, kind: string): Classification {
  const group = groupOf(apiVersion);
  const groups = FORMER_GROUPS.get(group) ?? [group];
  const emulated = EMULATED_KINDS.find((name) => name === kind);
  if (emulated && groups.includes(EMULATED[emulated].group)) {
    const dropped = DROPPED[emulated];
    if (dropped && apiVersion.endsWith(`/${dropped.version}`)) return { is: 'dropped', help: dropped.help };
    return { is: 'emulated', kind: emulated };
  }
  if (kind.endsWith('List') && groups.some((name) => IGNORED.has(name))) return { is: 'list' };
  const ignored = groups.flatMap((name) => IGNORED.get(name) ?? []);
  if (ignored.includes(kind)) return { is: 'ignored', name: kind };
  const ownKinds = EMULATED_KINDS.filter((name) => groups.includes(EMULATED[name].group));
  const candidates = [...ownKinds, ...ignored];
  // The group of a custom resource is a domain, with a dot (apiextensions ValidateCustomResourceDefinition).
  const custom = candidates.length === 0 && (!emulated || group.includes('.'));
  if (custom) return { is: 'ignored', name: `${kind} of ${group}` };
  return { is: 'unknown', candidates: emulated ? [emulated] : candidates };
}

function groupOf(apiVersion: string): string {
  const [group, version] = apiVersion.split('/');
  return version === undefined ? '' : group!;
}
