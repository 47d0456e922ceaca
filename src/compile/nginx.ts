/** An nginx in a namespace (nginx.org): an Ingress controller's. */
import type { Origin } from '../diagnostic.ts';

export interface NginxDaemon {
  /** Its configuration file, as a whole: certificates and keys stand in it. */
  readonly config: string;
  readonly origin: Origin;
}
