/**
 * A BIRD Internet Routing Daemon (bird.network.cz, version 2) on a machine: it learns routes from its peers and gives them to
 * the kernel. So the kernel state of a lab has those routes without its plan naming them.
 */
import type { Origin } from '../diagnostic.ts';

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
  readonly origin: Origin;
}
