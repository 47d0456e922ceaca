/** Pods: those given, and those that workloads ask for. */
import type { Diagnostics } from '../diagnostic.ts';
import { familyOf, isOfFamily } from '../net/address.ts';
import { namespaceName } from '../net/name.ts';
import type { Manifest } from '../parse/index.ts';
import { bandwidthOf } from './bandwidth.ts';
import type { LoadBalancer, Node, Pod } from './cluster.ts';
import { declaredPorts } from './container-ports.ts';
import { creationOrder } from './creation.ts';
import { ofKind } from './defaults.ts';
import { type Draft, podPlace } from './draft.ts';
import { controllerFlags } from './ingress/controller.ts';
import { namespaceLabels } from './namespaces.ts';
import { namingOf, reportNaming } from './naming.ts';
import { asBound, goOn, type Past } from './past.ts';
import { AddressPool } from './pool.ts';
import { replicas } from './replicas.ts';
import { schedule } from './scheduling/schedule.ts';
import { svclbDrafts } from './svclb.ts';

/** The node's bridge takes the first address of the pod subnet; host-local starts after it. */
const FIRST_POD = 2;
const GATEWAY = 1;

export function modelPods(
  manifests: readonly Manifest[],
  nodes: readonly Node[],
  namespace: string,
  { past, balancers }: { readonly past: Past; readonly balancers: readonly LoadBalancer[] },
  diagnostics: Diagnostics,
): Pod[] {
  const drafts = asBound(
    [
      ...givenPods(manifests, namespace, diagnostics),
      ...replicas(manifests, { nodes, namespace, past }, diagnostics),
      ...svclbDrafts(manifests, balancers, nodes, namespace),
    ],
    past,
  );
  reportDuplicates(drafts, diagnostics);
  for (const draft of new Map(drafts.map((each) => [each.spec, each])).values()) reportNaming(draft, diagnostics);
  const created = creationOrder(manifests);
  const portsOf = declaredPorts(drafts, diagnostics);
  const context = { nodes, portsOf, namespaceLabels: namespaceLabels(manifests) };
  const placed = schedule(drafts, context, diagnostics);
  const pools = new Map(nodes.map((node) => [node, podPools(node, diagnostics)]));
  for (const pool of [...pools.values()].flat()) goOn(pool, FIRST_POD, past);
  for (const { draft, node } of placed) {
    if (draft.spec.hostNetwork) continue;
    for (const pool of pools.get(node)!) {
      const fixed = fixedAddress(draft, pool);
      if (fixed !== undefined) pool.claim(fixed, podPlace(draft), draft.locateSpec([]));
    }
  }
  return placed.flatMap(({ draft, node }) => {
    const hostNetwork = draft.spec.hostNetwork === true;
    const place = podPlace(draft);
    const own = pools.get(node)!;
    const ingressController = controllerFlags(draft.spec);
    const addresses = hostNetwork
      ? node.addresses
      : own.flatMap((pool) => fixedAddress(draft, pool) ?? pool.take(FIRST_POD, place, draft.locateSpec([])) ?? []);
    if (addresses.length < own.length) return [];
    return [
      {
        place,
        netns: hostNetwork ? node.netns : namespaceName('pod', draft.namespace, draft.name),
        namespace: draft.namespace,
        name: draft.name,
        labels: draft.labels,
        node,
        addresses,
        address: addresses[0]!,
        hostNetwork,
        ports: portsOf(draft).map(({ containerAt: _, hostPortAt: __, ...port }) => port),
        conditions: conditionsOf(draft),
        ...(draft.hostname !== undefined && { hostname: draft.hostname }),
        ...(draft.subdomain !== undefined && { subdomain: draft.subdomain }),
        naming: namingOf(draft),
        created: created(draft.origin),
        ...(draft.bandwidth && { bandwidth: draft.bandwidth }),
        ...(draft.balances !== undefined && { balances: draft.balances }),
        ...(ingressController && { ingressController }),
        origin: draft.origin,
      },
    ];
  });
}

/** Finished pods keep neither address nor namespace: they are left out. */
function givenPods(manifests: readonly Manifest[], namespace: string, diagnostics: Diagnostics): Draft[] {
  return ofKind(manifests, 'Pod')
    .filter(({ object }) => object.status?.phase !== 'Succeeded' && object.status?.phase !== 'Failed')
    .map(({ object, locate, origin }) => ({
      namespace: object.metadata.namespace ?? namespace,
      name: object.metadata.name,
      labels: object.metadata.labels ?? {},
      spec: object.spec,
      hostname: object.spec.hostname,
      subdomain: object.spec.subdomain,
      status: object.status,
      terminating: object.metadata.deletionTimestamp !== undefined,
      bandwidth: bandwidthOf(
        object.metadata.annotations ?? {},
        (annotation) => locate(['metadata', 'annotations', annotation]),
        diagnostics,
      ),
      locateSpec: (path) => locate(['spec', ...path]),
      origin,
    }));
}

/** One of each family. */
function podPools({ place, podCIDRs }: Node, diagnostics: Diagnostics): AddressPool[] {
  return podCIDRs.map((podCIDR) => {
    const pool = new AddressPool(podCIDR, `the pod subnet of ${place}`, diagnostics);
    pool.take(GATEWAY, `the bridge of ${place}`, undefined);
    return pool;
  });
}

function fixedAddress({ status }: Draft, { cidr }: AddressPool): string | undefined {
  const given = [status?.podIP ?? '', ...(status?.podIPs ?? []).map(({ ip }) => ip)];
  return given.find((ip) => familyOf(ip) !== undefined && isOfFamily(ip, cidr.family));
}

/** discovery/v1 EndpointConditions as the EndpointSlice controller derives them; `publishNotReadyAddresses` is the Service's. */
function conditionsOf({ status, terminating }: Draft): Pod['conditions'] {
  const condition = status?.conditions?.find(({ type }) => type === 'Ready')?.status;
  const serving = condition === undefined ? status?.phase !== 'Pending' : condition === 'True';
  return { ready: serving && !terminating, serving, terminating };
}

function reportDuplicates(drafts: readonly Draft[], diagnostics: Diagnostics): void {
  const seen = new Set<string>();
  for (const draft of drafts) {
    const place = podPlace(draft);
    if (seen.has(place)) diagnostics.error('duplicate-name', `${place} stands here twice`, draft.locateSpec([]));
    seen.add(place);
  }
}
