/** Modes in which the cloud carries packets between nodes: a router stands for its network (VPC), with that network's route table. */
import type { Diagnostics } from '../diagnostic.ts';
import type { CloudConfig, CniConfig } from '../parse/schema/cni.ts';
import { CLOUD_MODES } from '../parse/schema/cni.ts';
import type { MachineSpec } from './machine-specs.ts';

export function isCloud(cni: CniConfig): cni is CloudConfig {
  return CLOUD_MODES.some((mode) => mode === cni.mode);
}

/** A flanneld that finds the route table full ends with the cloud's error; the pods of its node are out of reach. */
export function reportFullTable(cni: CniConfig, nodes: readonly MachineSpec[], diagnostics: Diagnostics): void {
  if (!isCloud(cni)) return;
  const tooMany = nodes[cni.routeQuota];
  if (!tooMany) return;
  diagnostics.error(
    'route-table-full',
    `the route table of the cloud's network has no entry left for ${tooMany.place}: in mode ${cni.mode} it has ${cni.routeQuota}, one a node`,
    tooMany.at,
    'raise spec.cluster.cni.routeQuota, as a cloud raises it on request, or choose mode vxlan, which needs none',
  );
}
