/** Endpoints as whoever serves a port reads them, out of EndpointSlices or, kube-proxy's mode userspace, of Endpoints. */
import { type Family, familyIn } from '../../net/address.ts';
import type { Endpoint, EndpointSlice, EndpointSubset, ServicePort } from '../cluster.ts';

/**
 * Those of one port of a Service, of its families, sorted by address and port, each once: of two that differ, the ready one. They
 * serve the port when name and protocol agree; a port without a number means all of them, and none to kube-proxy. Slices of names,
 * addressType FQDN, lead nowhere: nobody resolves them.
 */
export function endpointsOfPort(
  subsets: readonly (EndpointSubset & Partial<Pick<EndpointSlice, 'addressType'>>)[],
  { name, protocol }: Pick<ServicePort, 'name' | 'protocol'>,
  families: readonly Family[],
): Endpoint[] {
  const unique = new Map<string, Endpoint>();
  for (const { ports, endpoints, addressType } of subsets) {
    if (addressType === 'FQDN') continue;
    const port = ports.find((candidate) => candidate.name === name && candidate.protocol === protocol)?.port;
    if (port === undefined) continue;
    for (const endpoint of endpoints) {
      if (!families.includes(familyIn(endpoint.address))) continue;
      const key = `${endpoint.address}:${port}`;
      if (!unique.get(key)?.ready) unique.set(key, { ...endpoint, port });
    }
  }
  const keys = [...unique.keys()].sort();
  return keys.map((key) => unique.get(key)!);
}

/** Those of each Service, by `NAMESPACE/NAME`. */
export function slicesByService(slices: readonly EndpointSlice[]): Map<string, EndpointSlice[]> {
  const byService = new Map<string, EndpointSlice[]>();
  for (const slice of slices) {
    const key = `${slice.namespace}/${slice.service}`;
    const own = byService.get(key);
    if (own) own.push(slice);
    else byService.set(key, [slice]);
  }
  return byService;
}
