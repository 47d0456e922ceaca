/** Network plugins. A new mode is one file here, its options in the schema, and its topology. */
import type { Cluster, CniMode } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileBridge } from './bridge.ts';
import { compileCalicoBgp, compileCalicoIpip, compileCalicoVxlan } from './calico/index.ts';
import { compileCloud } from './cloud.ts';
import { compileDockerBridge } from './docker.ts';
import { compileHostGateway } from './host-gw.ts';
import { compileIpip } from './ipip.ts';
import { compilePlugins } from './plugins.ts';
import { compileUdp } from './udp.ts';
import { compileVxlan } from './vxlan.ts';
import { compileWireguard } from './wireguard.ts';

const MODES: Record<CniMode, (cluster: Cluster, state: KernelStateBuilder) => void> = {
  vxlan: compileVxlan,
  'host-gw': compileHostGateway,
  ipip: compileIpip,
  udp: compileUdp,
  wireguard: compileWireguard,
  'aws-vpc': compileCloud,
  gce: compileCloud,
  'ali-vpc': compileCloud,
  bridge: compileBridge,
  docker: compileDockerBridge,
  'calico-ipip': compileCalicoIpip,
  'calico-vxlan': compileCalicoVxlan,
  'calico-bgp': compileCalicoBgp,
  plugins: compilePlugins,
};

export function compileCni(cluster: Cluster, state: KernelStateBuilder): void {
  MODES[cluster.cni.mode](cluster, state);
}
