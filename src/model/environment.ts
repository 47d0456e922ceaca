/**
 * The variables by which a container finds Services (kubernetes pkg/kubelet/envvars/envvars.go, and getServiceEnvVarMap of
 * pkg/kubelet/kubelet_pods.go): of its own namespace those that are older than its pod, unless `enableServiceLinks` is false;
 * and always `kubernetes`, which the API server makes when it starts.
 */
import { socketAddress } from '../net/port.ts';
import type { Cluster, Pod, Service } from './cluster.ts';

const API_SERVER = { namespace: 'default', name: 'kubernetes' } as const;

/** By name, in the order of the Services' names. */
export function serviceVariables(pod: Pod, { services }: Pick<Cluster, 'services'>): Record<string, string> {
  const isApiServer = ({ namespace, name }: Service) => namespace === API_SERVER.namespace && name === API_SERVER.name;
  const isLinked = ({ namespace, created }: Service) =>
    pod.naming.serviceLinks && namespace === pod.namespace && created < pod.created;
  const known = new Map<string, Service>();
  for (const service of services) if (isLinked(service)) known.set(service.name, service);
  for (const service of services.filter(isApiServer)) if (!known.has(service.name)) known.set(service.name, service);
  const inOrder = [...known.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(inOrder.flatMap(variablesOf));
}

function variablesOf({ name, clusterIP, ports }: Service): [string, string][] {
  const prefix = variableName(name);
  const [first] = ports;
  return [
    [`${prefix}_SERVICE_HOST`, clusterIP],
    [`${prefix}_SERVICE_PORT`, String(first!.port)],
    ...ports
      .filter((port) => port.name !== '')
      .map((port): [string, string] => [`${prefix}_SERVICE_PORT_${variableName(port.name)}`, String(port.port)]),
    ...ports.flatMap(({ port, protocol }, index): [string, string][] => {
      const url = `${protocol.toLowerCase()}://${socketAddress(clusterIP, port)}`;
      const link = `${prefix}_PORT_${port}_${protocol}`;
      return [
        ...(index === 0 ? [[`${prefix}_PORT`, url] as [string, string]] : []),
        [link, url],
        [`${link}_PROTO`, protocol.toLowerCase()],
        [`${link}_PORT`, String(port)],
        [`${link}_ADDR`, clusterIP],
      ];
    }),
  ];
}

function variableName(text: string): string {
  const name = text.replaceAll(/[.-]/g, '_').toUpperCase();
  return /^[0-9]/.test(name) ? `_${name}` : name;
}
