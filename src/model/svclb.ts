/**
 * klipper-lb: k3s answers a Service of type LoadBalancer with a DaemonSet, whose pods have the Service's ports as hostPorts and
 * lead on what comes there (k3s pkg/cloudprovider/servicelb.go, newDaemonSet).
 */
import { digest } from '../net/name.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { pod } from '../parse/schema/kubernetes.ts';
import type { LoadBalancer, Node } from './cluster.ts';
import { ofKind } from './defaults.ts';
import type { Draft } from './draft.ts';

const NAMESPACE = 'kube-system';

/** One on every node for each Service that klipper serves; of two with one port the later one's pods wait for it, and are left out. */
export function svclbDrafts(
  manifests: readonly Manifest[],
  balancers: readonly LoadBalancer[],
  nodes: readonly Node[],
  namespace: string,
): Draft[] {
  const klipper = balancers.find(({ kind }) => kind === 'klipper');
  if (!klipper) return [];
  const taken = new Set<string>();
  return ofKind(manifests, 'Service').flatMap((service) => {
    const { metadata, spec } = service.object;
    if (spec.type !== 'LoadBalancer' || spec.loadBalancerClass !== klipper.loadBalancerClass) return [];
    const ports = (spec.ports ?? []).map(({ port, protocol }) => `${port}/${protocol}`);
    if (ports.some((port) => taken.has(port))) return [];
    for (const port of ports) taken.add(port);
    return nodes.map((node) => draftOf(service, `${metadata.namespace ?? namespace}/${metadata.name}`, node));
  });
}

function draftOf({ object, locate, origin }: ManifestOf<'Service'>, balances: string, { name: nodeName }: Node): Draft {
  const { metadata, spec } = object;
  const app = `svclb-${metadata.name.slice(0, 48).replace(/-+$/, '')}-${digest('sha1', balances).slice(0, 8)}`;
  const containers = (spec.ports ?? []).map(({ port, protocol }) => {
    const name = `lb-${protocol.toLowerCase()}-${port}`;
    return { name, image: 'rancher/klipper-lb', ports: [{ name, containerPort: port, hostPort: port, protocol }] };
  });
  const name = `${app}-${nodeName}`.slice(0, 253);
  const labels = { app };
  const metadataOfPod = { name, namespace: NAMESPACE, labels };
  return {
    namespace: NAMESPACE,
    name,
    labels,
    spec: pod.parse({ apiVersion: 'v1', kind: 'Pod', metadata: metadataOfPod, spec: { nodeName, containers } }).spec,
    hostname: undefined,
    subdomain: undefined,
    status: undefined,
    terminating: false,
    bandwidth: undefined,
    balances,
    locateSpec: () => locate(['metadata', 'name']),
    origin,
  };
}
