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
  /** The ranges it hears of once it has a session with every peer, and every peer with its own. */
  readonly learns: readonly string[];
  readonly origin: Origin;
}
