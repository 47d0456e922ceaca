/** What the DaemonSet controller makes of a template: pods that put up with more than others, and the nodes they are for. */
import type { PodObject } from '../parse/schema/kubernetes.ts';
import type { Toleration } from '../parse/schema/scheduling.ts';
import type { Node } from './cluster.ts';
import { matchesNodeAffinity } from './scheduling/node-affinity.ts';
import { untolerated } from './scheduling/taints.ts';

type PodSpec = PodObject['spec'];

const SURVIVED = ['not-ready', 'unreachable'].map((name) => tolerating(name, 'NoExecute'));
const IGNORED = ['disk-pressure', 'memory-pressure', 'pid-pressure', 'unschedulable'].map((name) =>
  tolerating(name, 'NoSchedule'),
);

/** kubernetes pkg/controller/daemon/util/daemonset_util.go, AddOrUpdateDaemonPodTolerations. */
export function daemonSpec(spec: PodSpec): PodSpec {
  const own = spec.hostNetwork ? [tolerating('network-unavailable', 'NoSchedule')] : [];
  return { ...spec, tolerations: [...(spec.tolerations ?? []), ...SURVIVED, ...IGNORED, ...own] };
}

/** Those that a pod is created for (pkg/controller/daemon/daemon_controller.go, NodeShouldRunDaemonPod). */
export function daemonNodes(spec: PodSpec, nodes: readonly Node[]): Node[] {
  return nodes.filter(
    (node) =>
      node.name === (spec.nodeName ?? node.name) &&
      matchesNodeAffinity({ spec }, node) &&
      !untolerated(spec, node.taints),
  );
}

function tolerating(name: string, effect: Toleration['effect']): Toleration {
  return { key: `node.kubernetes.io/${name}`, operator: 'Exists', value: '', effect };
}
