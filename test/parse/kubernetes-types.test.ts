/** Every field Kubernetes has in the objects that are emulated is known here: held against the package kubernetes-types. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type {
  DaemonSetSpec,
  DeploymentSpec,
  ReplicaSetSpec,
  StatefulSetOrdinals,
  StatefulSetSpec,
} from 'kubernetes-types/apps/v1.js';
import type { JobSpec } from 'kubernetes-types/batch/v1.js';
import type {
  Affinity,
  Container,
  ContainerPort,
  EndpointAddress,
  EndpointSubset,
  NodeAffinity,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  NodeSpec,
  PodAffinity,
  PodAffinityTerm,
  PodSpec,
  PodTemplateSpec,
  ReplicationControllerSpec,
  ServicePort,
  ServiceSpec,
  Taint,
  Toleration,
  TopologySpreadConstraint,
} from 'kubernetes-types/core/v1.js';
import type {
  Endpoint,
  EndpointConditions,
  EndpointHints,
  EndpointPort,
  EndpointSlice,
} from 'kubernetes-types/discovery/v1.js';
import type { LabelSelector, LabelSelectorRequirement, ObjectMeta } from 'kubernetes-types/meta/v1.js';
import type {
  IPBlock,
  NetworkPolicyEgressRule,
  NetworkPolicyIngressRule,
  NetworkPolicyPeer,
  NetworkPolicyPort,
  NetworkPolicySpec,
} from 'kubernetes-types/networking/v1.js';
import { describe, expect, expectTypeOf, it } from 'vitest';
import type * as z from 'zod';
import type * as schema from '../../src/parse/schema/kubernetes.ts';
import type { networkPolicy } from '../../src/parse/schema/network-policy.ts';
import type * as workloads from '../../src/parse/schema/workloads.ts';
import { read } from './read.ts';

type In<T extends z.ZodType> = z.input<T>;
type Item<T> = NonNullable<T> extends readonly (infer E)[] ? E : never;
/** The fields of a Kubernetes type that ours does not know. */
type Missing<Theirs, Ours> = Exclude<keyof Theirs, keyof NonNullable<Ours>>;

type Service = In<typeof schema.service>;
type Pod = In<typeof schema.pod>;
type Slice = In<typeof schema.endpointSlice>;
type Subset = Item<In<typeof schema.endpoints>['subsets']>;
type Deployment = In<typeof workloads.deployment>['spec'];
type Wishes = NonNullable<Pod['spec']['affinity']>;
type Required = 'requiredDuringSchedulingIgnoredDuringExecution';
type Preference = Item<
  NonNullable<Wishes['nodeAffinity']>['preferredDuringSchedulingIgnoredDuringExecution']
>['preference'];
type StatefulSet = In<typeof workloads.statefulSet>['spec'];
type Policy = NonNullable<In<typeof networkPolicy>['spec']>;
type Controller = In<typeof workloads.replicationController>['spec'];

/** tsc fails here when one is missing. */
describe('no field is missing from', () => {
  it('metadata', () => {
    expectTypeOf<Missing<ObjectMeta, Service['metadata']>>().toBeNever();
    expectTypeOf<Missing<ObjectMeta, Pod['metadata']>>().toBeNever();
    expectTypeOf<Missing<ObjectMeta, Deployment['template']['metadata']>>().toBeNever();
  });

  it('Services', () => {
    expectTypeOf<Missing<ServiceSpec, Service['spec']>>().toBeNever();
    expectTypeOf<Missing<ServicePort, Item<Service['spec']['ports']>>>().toBeNever();
  });

  it('Pods', () => {
    expectTypeOf<Missing<PodSpec, Pod['spec']>>().toBeNever();
    expectTypeOf<Missing<Container, Item<Pod['spec']['containers']>>>().toBeNever();
    expectTypeOf<Missing<ContainerPort, Item<Item<Pod['spec']['containers']>['ports']>>>().toBeNever();
  });

  it('workloads', () => {
    expectTypeOf<Missing<DeploymentSpec, Deployment>>().toBeNever();
    expectTypeOf<Missing<PodTemplateSpec, Deployment['template']>>().toBeNever();
    expectTypeOf<Missing<LabelSelector, Deployment['selector']>>().toBeNever();
    expectTypeOf<Missing<LabelSelectorRequirement, Item<Deployment['selector']['matchExpressions']>>>().toBeNever();
    expectTypeOf<Missing<ReplicaSetSpec, In<typeof workloads.replicaSet>['spec']>>().toBeNever();
    expectTypeOf<Missing<ReplicationControllerSpec, Controller>>().toBeNever();
    expectTypeOf<Missing<StatefulSetSpec, StatefulSet>>().toBeNever();
    expectTypeOf<Missing<StatefulSetOrdinals, StatefulSet['ordinals']>>().toBeNever();
    expectTypeOf<Missing<DaemonSetSpec, In<typeof workloads.daemonSet>['spec']>>().toBeNever();
    expectTypeOf<Missing<JobSpec, In<typeof workloads.job>['spec']>>().toBeNever();
  });

  it('what scheduling reads', () => {
    expectTypeOf<Missing<Taint, Item<NonNullable<In<typeof schema.node>['spec']>['taints']>>>().toBeNever();
    expectTypeOf<Missing<Toleration, Item<Pod['spec']['tolerations']>>>().toBeNever();
    expectTypeOf<Missing<TopologySpreadConstraint, Item<Pod['spec']['topologySpreadConstraints']>>>().toBeNever();
    expectTypeOf<Missing<Affinity, Wishes>>().toBeNever();
    expectTypeOf<Missing<NodeAffinity, Wishes['nodeAffinity']>>().toBeNever();
    expectTypeOf<Missing<NodeSelectorTerm, Preference>>().toBeNever();
    expectTypeOf<Missing<NodeSelectorRequirement, Item<Preference['matchExpressions']>>>().toBeNever();
    expectTypeOf<Missing<NodeSelectorRequirement, Item<Preference['matchFields']>>>().toBeNever();
    expectTypeOf<Missing<PodAffinity, Wishes['podAffinity']>>().toBeNever();
    expectTypeOf<Missing<PodAffinityTerm, Item<NonNullable<Wishes['podAffinity']>[Required]>>>().toBeNever();
  });

  it('endpoints', () => {
    expectTypeOf<Missing<EndpointSlice, Slice>>().toBeNever();
    expectTypeOf<Missing<Endpoint, Item<Slice['endpoints']>>>().toBeNever();
    expectTypeOf<Missing<EndpointConditions, Item<Slice['endpoints']>['conditions']>>().toBeNever();
    expectTypeOf<Missing<EndpointHints, Item<Slice['endpoints']>['hints']>>().toBeNever();
    expectTypeOf<Missing<EndpointPort, Item<Slice['ports']>>>().toBeNever();
    expectTypeOf<Missing<EndpointSubset, Subset>>().toBeNever();
    expectTypeOf<Missing<EndpointAddress, Item<Subset['addresses']>>>().toBeNever();
  });

  it('NetworkPolicies', () => {
    expectTypeOf<Missing<NetworkPolicySpec, Policy>>().toBeNever();
    expectTypeOf<Missing<NetworkPolicyIngressRule, Item<Policy['ingress']>>>().toBeNever();
    expectTypeOf<Missing<NetworkPolicyEgressRule, Item<Policy['egress']>>>().toBeNever();
    expectTypeOf<Missing<NetworkPolicyPort, Item<Item<Policy['ingress']>['ports']>>>().toBeNever();
    expectTypeOf<Missing<NetworkPolicyPeer, Item<Item<Policy['egress']>['to']>>>().toBeNever();
    expectTypeOf<Missing<IPBlock, Item<Item<Policy['egress']>['to']>['ipBlock']>>().toBeNever();
  });

  it('Nodes', () => {
    expectTypeOf<Missing<NodeSpec, In<typeof schema.node>['spec']>>().toBeNever();
  });
});

/** The field names of an interface, out of the package's own text. */
function fieldsOf(group: string, name: string): string[] {
  const path = createRequire(import.meta.url).resolve(`kubernetes-types/${group}.d.ts`);
  const [, body = ''] = readFileSync(path, 'utf8').split(`\nexport interface ${name} {\n`);
  const [own = ''] = body.split('\n}');
  return [...own.matchAll(/^ {4}(\w+)\??:/gm)].map((match) => match[1]!);
}

/** A manifest of the kind with something at `path`, `*` standing for the field in question. */
const PLACES = [
  ['meta/v1', 'ObjectMeta', 'v1', 'Service', 'metadata: { *: 1 }'],
  ['core/v1', 'ServiceSpec', 'v1', 'Service', 'spec: { *: 1 }'],
  ['core/v1', 'ServicePort', 'v1', 'Service', 'spec: { ports: [{ *: 1 }] }'],
  ['core/v1', 'PodSpec', 'v1', 'Pod', 'spec: { *: 1 }'],
  ['core/v1', 'Container', 'v1', 'Pod', 'spec: { containers: [{ *: 1 }] }'],
  ['core/v1', 'ContainerPort', 'v1', 'Pod', 'spec: { containers: [{ ports: [{ *: 1 }] }] }'],
  ['core/v1', 'NodeSpec', 'v1', 'Node', 'spec: { *: 1 }'],
  ['core/v1', 'Taint', 'v1', 'Node', 'spec: { taints: [{ *: 1 }] }'],
  ['core/v1', 'Toleration', 'v1', 'Pod', 'spec: { tolerations: [{ *: 1 }] }'],
  ['core/v1', 'Affinity', 'v1', 'Pod', 'spec: { affinity: { *: 1 } }'],
  ['core/v1', 'NodeAffinity', 'v1', 'Pod', 'spec: { affinity: { nodeAffinity: { *: 1 } } }'],
  ['core/v1', 'PodAffinity', 'v1', 'Pod', 'spec: { affinity: { podAntiAffinity: { *: 1 } } }'],
  ['core/v1', 'TopologySpreadConstraint', 'v1', 'Pod', 'spec: { topologySpreadConstraints: [{ *: 1 }] }'],
  ['core/v1', 'Secret', 'v1', 'Secret', '*: 1'],
  ['networking/v1', 'IngressSpec', 'networking.k8s.io/v1', 'Ingress', 'spec: { *: 1 }'],
  ['networking/v1', 'IngressRule', 'networking.k8s.io/v1', 'Ingress', 'spec: { rules: [{ *: 1 }] }'],
  ['networking/v1', 'IngressTLS', 'networking.k8s.io/v1', 'Ingress', 'spec: { tls: [{ *: 1 }] }'],
  ['networking/v1', 'IngressBackend', 'networking.k8s.io/v1', 'Ingress', 'spec: { defaultBackend: { *: 1 } }'],
  ['networking/v1', 'IngressClassSpec', 'networking.k8s.io/v1', 'IngressClass', 'spec: { *: 1 }'],
  ['core/v1', 'EndpointSubset', 'v1', 'Endpoints', 'subsets: [{ *: 1 }]'],
  ['core/v1', 'EndpointAddress', 'v1', 'Endpoints', 'subsets: [{ addresses: [{ *: 1 }] }]'],
  ['core/v1', 'EndpointPort', 'v1', 'Endpoints', 'subsets: [{ ports: [{ *: 1 }] }]'],
  ['core/v1', 'ReplicationControllerSpec', 'v1', 'ReplicationController', 'spec: { *: 1 }'],
  ['core/v1', 'PodTemplateSpec', 'apps/v1', 'Deployment', 'spec: { template: { *: 1 } }'],
  ['apps/v1', 'DeploymentSpec', 'apps/v1', 'Deployment', 'spec: { *: 1 }'],
  ['apps/v1', 'ReplicaSetSpec', 'apps/v1', 'ReplicaSet', 'spec: { *: 1 }'],
  ['apps/v1', 'StatefulSetSpec', 'apps/v1', 'StatefulSet', 'spec: { *: 1 }'],
  ['apps/v1', 'StatefulSetOrdinals', 'apps/v1', 'StatefulSet', 'spec: { ordinals: { *: 1 } }'],
  ['apps/v1', 'DaemonSetSpec', 'apps/v1', 'DaemonSet', 'spec: { *: 1 }'],
  ['batch/v1', 'JobSpec', 'batch/v1', 'Job', 'spec: { *: 1 }'],
  ['meta/v1', 'LabelSelector', 'apps/v1', 'Deployment', 'spec: { selector: { *: 1 } }'],
  ['discovery/v1', 'EndpointSlice', 'discovery.k8s.io/v1', 'EndpointSlice', '*: 1'],
  ['discovery/v1', 'Endpoint', 'discovery.k8s.io/v1', 'EndpointSlice', 'endpoints: [{ *: 1 }]'],
  [
    'discovery/v1',
    'EndpointConditions',
    'discovery.k8s.io/v1',
    'EndpointSlice',
    'endpoints: [{ conditions: { *: 1 } }]',
  ],
  ['discovery/v1', 'EndpointHints', 'discovery.k8s.io/v1', 'EndpointSlice', 'endpoints: [{ hints: { *: 1 } }]'],
  ['networking/v1', 'NetworkPolicySpec', 'networking.k8s.io/v1', 'NetworkPolicy', 'spec: { *: 1 }'],
  [
    'networking/v1',
    'NetworkPolicyPeer',
    'networking.k8s.io/v1',
    'NetworkPolicy',
    'spec: { ingress: [{ from: [{ *: 1 }] }] }',
  ],
  [
    'networking/v1',
    'NetworkPolicyPort',
    'networking.k8s.io/v1',
    'NetworkPolicy',
    'spec: { egress: [{ ports: [{ *: 1 }] }] }',
  ],
  ['discovery/v1', 'EndpointPort', 'discovery.k8s.io/v1', 'EndpointSlice', 'ports: [{ *: 1 }]'],
] as const;

function unknownFields(apiVersion: string, kind: string, rest: string): string[] {
  const { diagnostics } = read(`apiVersion: ${apiVersion}\nkind: ${kind}\n${rest}\n`);
  return diagnostics.filter(({ code }) => code === 'unknown-field').map(({ message }) => message);
}

describe('no field is called unknown', () => {
  it.each(PLACES)('%s %s in %s %s', (group, name, apiVersion, kind, template) => {
    const fields = fieldsOf(group, name).filter(
      (field) => !(/^(EndpointSlice|Secret)$/.test(name) && /^(apiVersion|kind)$/.test(field)),
    );
    expect(fields.length).toBeGreaterThan(0);
    const unknown = fields.flatMap((field) => unknownFields(apiVersion, kind, template.replace('*', field)));
    expect(unknown).toEqual([]);
  });

  it.each(PLACES)('but one that is none: %s %s in %s %s', (_group, _name, apiVersion, kind, template) => {
    expect(unknownFields(apiVersion, kind, template.replace('*', 'qwertz'))).toHaveLength(1);
  });
});
