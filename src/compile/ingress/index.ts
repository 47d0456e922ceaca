/** The nginx of every Ingress controller, in its pod. */
import type { Cluster } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { formatNginxConf } from './nginx-conf.ts';
import { serversOf } from './servers.ts';

export function compileIngress(
  { ingressControllers }: Pick<Cluster, 'ingressControllers'>,
  state: KernelStateBuilder,
): void {
  for (const controller of ingressControllers) {
    const { netns, origin } = controller.pod;
    state.get(netns).nginx = { config: formatNginxConf(controller, serversOf(controller)), origin };
  }
}
