/** What the CNI plugins call things (containernetworking/plugins pkg/utils/utils.go). */
import type { Pod } from '../../model/cluster.ts';
import { digest } from '../../net/name.ts';

/** Longest name of an iptables chain. */
const CHAIN_LENGTH = 28;

/** The chain of one container in one network: `CNI-DN-…` with the prefix `DN-`. */
export function chainName(prefix: '' | 'DN-', network: string, container: string): string {
  return `CNI-${prefix}${digest('sha512', network + container)}`.slice(0, CHAIN_LENGTH);
}

/** Runtimes draw 64 hexadecimal digits; here they come from the pod's name. */
export function containerId({ namespace, name }: Pick<Pod, 'namespace' | 'name'>): string {
  return digest('sha256', `${namespace}/${name}`);
}
