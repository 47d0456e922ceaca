/** Manifests on one line each, so that the nth document of a stream stands on line 2n - 1. */

type Labels = Readonly<Record<string, string>>;
type Port = number | string | { readonly name?: string; readonly port: number; readonly protocol?: string };

export function stream(...documents: readonly string[]): string {
  return `${documents.join('\n---\n')}\n`;
}

export function topology(spec: object = {}, name = 'lab'): string {
  return document('packetwalk.dev/v1alpha1', 'Topology', { metadata: { name }, spec });
}

export interface PodFields {
  readonly namespace?: string;
  readonly labels?: Labels;
  readonly node?: string;
  readonly ports?: readonly Port[];
  readonly metadata?: object;
  readonly status?: object;
  readonly spec?: object;
}

export function pod(name: string, fields: PodFields = {}): string {
  const { namespace, labels, metadata, status } = fields;
  return document('v1', 'Pod', { metadata: { name, namespace, labels, ...metadata }, spec: podSpec(fields), status });
}

export interface WorkloadFields extends PodFields {
  readonly replicas?: number;
  readonly kind?: 'Deployment' | 'ReplicaSet' | 'ReplicationController' | 'StatefulSet' | 'DaemonSet' | 'Job';
  /** What its spec has besides. */
  readonly own?: object;
}

/** Pods are labelled `app: NAME` unless said otherwise; a Job has the selector that the API server writes. */
export function workload(name: string, fields: WorkloadFields = {}): string {
  const { replicas, kind = 'Deployment', namespace, labels = { app: name }, metadata, own, status } = fields;
  const selector = kind === 'ReplicationController' ? labels : { matchLabels: labels };
  const spec = kind === 'Job' ? { ...fields.spec, restartPolicy: 'Never' } : fields.spec;
  return document(API_VERSIONS[kind] ?? 'apps/v1', kind, {
    metadata: { name, namespace, ...metadata },
    spec: {
      replicas,
      ...(kind !== 'Job' && { selector }),
      template: { metadata: { labels }, spec: podSpec({ ...fields, ...(spec && { spec }) }) },
      ...own,
    },
    status,
  });
}

const API_VERSIONS: Readonly<Record<string, string>> = { ReplicationController: 'v1', Job: 'batch/v1' };

/** Selects `app: NAME` on port 80 unless said otherwise. */
export function service(
  name: string,
  spec: object = {},
  { namespace, ...rest }: { namespace?: string; status?: object } = {},
) {
  return document('v1', 'Service', {
    metadata: { name, namespace },
    spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec },
    ...rest,
  });
}

export function node(name: string, spec: object = {}, rest: { labels?: Labels; internalIP?: string } = {}): string {
  const status = rest.internalIP && { addresses: [{ type: 'InternalIP', address: rest.internalIP }] };
  return document('v1', 'Node', { metadata: { name, labels: rest.labels }, spec, status });
}

/** One port without a name, 80, unless said otherwise. */
export function slice(
  name: string,
  serviceName: string | undefined,
  endpoints: readonly object[],
  { labels, ...rest }: { labels?: Labels; ports?: readonly object[]; addressType?: string } = {},
): string {
  return document('discovery.k8s.io/v1', 'EndpointSlice', {
    metadata: { name, labels: { ...(serviceName && { 'kubernetes.io/service-name': serviceName }), ...labels } },
    addressType: 'IPv4',
    endpoints,
    ports: [{ port: 80 }],
    ...rest,
  });
}

export function endpointsObject(name: string, subsets: readonly object[], labels?: Labels): string {
  return document('v1', 'Endpoints', { metadata: { name, labels }, subsets });
}

function podSpec({ node: nodeName, ports = [], spec }: PodFields): object {
  return { nodeName, containers: [{ name: 'app', ports: ports.map(containerPort) }], ...spec };
}

function containerPort(port: Port): object {
  if (typeof port === 'object') return { name: port.name, containerPort: port.port, protocol: port.protocol };
  const [number, protocol] = String(port).split('/');
  return { containerPort: Number(number), protocol };
}

/** JSON is YAML; what is undefined is left out. */
function document(apiVersion: string, kind: string, rest: object): string {
  return JSON.stringify({ apiVersion, kind, ...rest });
}
