/**
 * A BIRD Internet Routing Daemon (bird.network.cz, version 2) on a machine: it learns routes from its peers and gives them to
 * the kernel, or tells others that it is their gateway. So the kernel state of a lab has those routes without its plan naming
 * them.
 */
import type { Origin } from '../diagnostic.ts';
import { familyIn, numberToAddress } from '../net/address.ts';
import { digest } from '../net/name.ts';

export interface BirdDaemon {
  /** Its configuration file, as a whole. */
  readonly config: string;
  /** The ranges it tells its peers about. */
  readonly announces: readonly string[];
  /** Those of them that it makes black holes of in its own kernel. */
  readonly blackholes: readonly string[];
  /**
   * The ranges it hears of once it has a session with every peer, and every peer with its own, and from whose namespace each
   * comes. The same range may come from several: then there are as many ways there.
   */
  readonly learns: readonly { readonly range: string; readonly from: string }[];
  /** Whose kernel makes a default route of IPv6 of its advertisements, where accept_ra is 2. */
  readonly gatewayOf: readonly LearnedGateway[];
  readonly origin: Origin;
}

export interface LearnedGateway {
  readonly namespace: string;
  readonly device: string;
  /** Link-local. */
  readonly via: string;
}

/** A number that is written like an IPv4 address; without one, a hash of the machine's name (Calico: CALICO_ROUTER_ID=hash). */
export function routerId(name: string, address: string): string {
  if (familyIn(address) === 4) return address;
  return numberToAddress(BigInt(`0x${digest('sha256', name).slice(0, 8)}`), 4);
}
