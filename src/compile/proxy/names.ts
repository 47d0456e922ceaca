/**
 * Names kube-proxy derives from Services and endpoints (kubernetes pkg/proxy/iptables/proxier.go and
 * pkg/proxy/nftables/proxier.go). They do not depend on the node.
 */
import type { Endpoint, Service, ServicePort } from '../../model/cluster.ts';
import { socketAddress } from '../../net/port.ts';
import { base32Hash } from '../base32.ts';

/** `namespace/name:port`, without the colon when the port has no name: in comments and hashes. */
export function servicePortName({ namespace, name }: Service, port: ServicePort): string {
  return port.name === '' ? `${namespace}/${name}` : `${namespace}/${name}:${port.name}`;
}

/** Mode iptables: the 16 characters the chains of one service port share; protocol in lower case. */
export function servicePortHash(servicePort: string, protocol: string): string {
  return base32Hash(servicePort + protocol, 16);
}

export function endpointChain(servicePort: string, protocol: string, { address, port }: Endpoint): string {
  return `KUBE-SEP-${base32Hash(servicePort + protocol + socketAddress(address, port), 16)}`;
}

/** Mode nftables: what follows `service-` and the other prefixes in the names of a service port's chains. */
export function servicePortBase({ namespace, name }: Service, port: ServicePort): string {
  return hashedName(servicePath(namespace, name, port));
}

/** Mode nftables: what follows `endpoint-` and `affinity-`. Colons are not allowed in names. */
export function endpointBase({ namespace, name }: Service, port: ServicePort, endpoint: Endpoint): string {
  const address = endpoint.address.replaceAll(':', '.');
  return hashedName(`${servicePath(namespace, name, port)}__${address}/${endpoint.port}`);
}

function servicePath(namespace: string, service: string, { name, protocol }: ServicePort): string {
  return `${namespace}/${service}/${protocol.toLowerCase()}/${name}`;
}

/** Names of nftables have at most 256 characters, 16 of which are kept for the prefix. */
const BASE_LENGTH = 240;

function hashedName(name: string): string {
  const hashed = `${base32Hash(name, 8)}-${name}`;
  return hashed.length > BASE_LENGTH ? `${hashed.slice(0, BASE_LENGTH - 3)}...` : hashed;
}

/** Computes the names of a service port only once, not for every node. */
export function oncePerPort<T>(
  compute: (service: Service, port: ServicePort) => T,
): (service: Service, port: ServicePort) => T {
  const known = new WeakMap<ServicePort, T>();
  return (service, port) => {
    const names = known.get(port) ?? compute(service, port);
    known.set(port, names);
    return names;
  };
}
