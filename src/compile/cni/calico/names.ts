/** What Calico calls things. */
import type { Node, Pod } from '../../../model/cluster.ts';
import { digest } from '../../../net/name.ts';

/** Longest name of an iptables chain. */
const CHAIN_LENGTH = 28;

/** The node's end of a pod's cable (libcalico-go lib/backend/k8s/conversion, VethNameForWorkload). */
export function interfaceName({ namespace, name }: Pod): string {
  return `cali${digest('sha1', `${namespace}.${name}`).slice(0, 11)}`;
}

/** Every node's end of every cable (felix dataplane/linux/endpoint_mgr.go). */
export const INTERFACE_MAC = 'ee:ee:ee:ee:ee:ee';

/** Of vxlan.calico, known to everyone beforehand: "f" and the hash of the node's name (felix calc/vxlan_resolver.go). */
export function vtepMac({ name }: Node): string {
  return `66:${digest('sha1', name).slice(0, 10).match(/../g)!.join(':')}`;
}

/** A chain named after something: what is too long is hashed (felix hashutils, GetLengthLimitedID). */
export function chainName(prefix: string, name: string): string {
  const length = prefix.length + name.length;
  if (length < CHAIN_LENGTH || (length === CHAIN_LENGTH && !name.startsWith('_'))) return prefix + name;
  return `${prefix}_${digest('sha256', name, 'base64url')}`.slice(0, CHAIN_LENGTH);
}
