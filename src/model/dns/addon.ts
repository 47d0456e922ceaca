/**
 * The cluster's DNS as kubeadm installs it (kubernetes cmd/kubeadm/app/phases/addons/dns/manifests.go): the Service
 * kube-system/kube-dns at the tenth address of the service range, and the Deployment coredns behind it.
 */
import { nthAddress } from '../../net/address.ts';
import type { Manifest, ManifestOf } from '../../parse/index.ts';
import { DNS_DEFAULTS } from '../../parse/schema/dns.ts';
import { service } from '../../parse/schema/kubernetes.ts';
import { deployment } from '../../parse/schema/workloads.ts';
import { ofKind } from '../defaults.ts';
import { isName } from '../destination.ts';
import type { ModelOptions } from '../index.ts';
import type { Ranges } from '../networks.ts';

export const KUBE_DNS = { namespace: 'kube-system', name: 'kube-dns' } as const;
const TENTH = 10;

/** The add-on's objects, newest of all, where the lab has it and nobody has given the Service. */
export function dnsAddon(
  topology: ManifestOf<'Topology'> | undefined,
  manifests: readonly Manifest[],
  { serviceCIDR }: Ranges,
  { namespace, dns: isAsked = false }: Pick<ModelOptions, 'namespace' | 'dns'>,
): Manifest[] {
  const given = ofKind(manifests, 'Service').some(({ object: { metadata } }) => {
    return metadata.name === KUBE_DNS.name && (metadata.namespace ?? namespace) === KUBE_DNS.namespace;
  });
  const clusterIP = nthAddress(serviceCIDR, TENTH);
  if (given || clusterIP === undefined || !(isAsked || wantsDns(topology))) return [];
  const { replicas } = topology?.object.spec.cluster.dns ?? DNS_DEFAULTS;
  const at = topology?.locate(['spec', 'cluster']) ?? { file: 'kubeadm', line: 1, column: 1, length: 1, text: '' };
  const place = { locate: () => at, origin: { file: at.file, line: at.line } };
  return [
    { kind: 'Service', object: service.parse(serviceObject(clusterIP)), ...place },
    { kind: 'Deployment', object: deployment.parse(deploymentObject(replicas)), ...place },
  ];
}

/** The topology says so, or one of its checks asks for a name. */
function wantsDns(topology: ManifestOf<'Topology'> | undefined): boolean {
  const { cluster, checks: first = [], steps = [] } = topology?.object.spec ?? {};
  const checks = [...first, ...steps.flatMap((step) => step.checks)];
  return cluster?.dns !== undefined || checks.some(({ to, resolve }) => resolve !== undefined || (to && isName(to)));
}

const LABELS = { 'k8s-app': 'kube-dns' };

/** Not two on one node, where there are others. */
const APART = {
  weight: 100,
  podAffinityTerm: {
    labelSelector: { matchExpressions: [{ key: 'k8s-app', operator: 'In', values: ['kube-dns'] }] },
    topologyKey: 'kubernetes.io/hostname',
  },
};

function serviceObject(clusterIP: string) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...KUBE_DNS, labels: LABELS },
    spec: {
      clusterIP,
      selector: LABELS,
      ports: [
        { name: 'dns', port: 53, protocol: 'UDP', targetPort: 53 },
        { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 53 },
        { name: 'metrics', port: 9153, protocol: 'TCP', targetPort: 9153 },
      ],
    },
  };
}

function deploymentObject(replicas: number) {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'coredns', namespace: KUBE_DNS.namespace, labels: LABELS },
    spec: {
      replicas,
      selector: { matchLabels: LABELS },
      template: {
        metadata: { labels: LABELS },
        spec: {
          dnsPolicy: 'Default',
          tolerations: [
            { key: 'CriticalAddonsOnly', operator: 'Exists' },
            { key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' },
          ],
          affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [APART] } },
          containers: [
            {
              name: 'coredns',
              ports: [
                { containerPort: 53, name: 'dns', protocol: 'UDP' },
                { containerPort: 53, name: 'dns-tcp', protocol: 'TCP' },
                { containerPort: 9153, name: 'metrics', protocol: 'TCP' },
              ],
            },
          ],
        },
      },
    },
  };
}
