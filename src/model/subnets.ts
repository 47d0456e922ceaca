/** Cuts a pod range of the cluster into one subnet per node, as kube-controller-manager's node IPAM does. */
import type { Diagnostics } from '../diagnostic.ts';
import { type Cidr, cidrContains, cidrsOverlap, nthSubnet, parseCidr } from '../net/address.ts';
import type { MachineSpec } from './machine-specs.ts';

/**
 * One subnet of length `size` a node, in order; `undefined`, with one report, where none is left. Fixed ones are
 * kept. Allocation starts at the second subnet (10.244.1.0/24), because the first usually belongs to a control
 * plane; it is given out last.
 */
export function allocateSubnets(
  nodes: readonly MachineSpec[],
  podCIDR: Cidr,
  size: number,
  diagnostics: Diagnostics,
): (Cidr | undefined)[] {
  const fixed = nodes.map((node) => fixedSubnet(node, podCIDR, diagnostics));
  reportOverlaps(nodes, fixed, diagnostics);
  const free = freeSubnets(
    podCIDR,
    Math.max(size, podCIDR.prefix),
    fixed.filter((subnet) => subnet !== undefined),
  );
  let reported = false;
  return nodes.map((node, index) => {
    const subnet = fixed[index] ?? (free.next().value as Cidr | undefined);
    if (!subnet && !reported) {
      reported = true;
      diagnostics.error(
        'subnets-exhausted',
        `spec.cluster.podCIDR, ${podCIDR.text}, has no /${size} left for ${node.place}`,
        node.at,
        `widen podCIDR or raise ${podCIDR.family === 4 ? 'nodeCIDRMaskSize' : 'nodeCIDRMaskSizeIPv6'}`,
      );
    }
    return subnet;
  });
}

function* freeSubnets(podCIDR: Cidr, size: number, taken: readonly Cidr[]): Generator<Cidr, undefined> {
  const isFree = (subnet: Cidr) => !taken.some((other) => cidrsOverlap(other, subnet));
  for (let index = 1; ; index++) {
    const subnet = nthSubnet(podCIDR, size, index);
    if (!subnet) break;
    if (isFree(subnet)) yield subnet;
  }
  const first = nthSubnet(podCIDR, size, 0);
  if (first && isFree(first)) yield first;
  return undefined;
}

function fixedSubnet({ podCIDRs, place, at }: MachineSpec, podCIDR: Cidr, diagnostics: Diagnostics): Cidr | undefined {
  const subnet = podCIDRs.flatMap((text) => parseCidr(text) ?? []).find(({ family }) => family === podCIDR.family);
  if (subnet && !cidrContains(podCIDR, subnet)) {
    diagnostics.error(
      'address-outside',
      `podCIDR ${subnet.text} of ${place} is not in the cluster's podCIDR, ${podCIDR.text}`,
      at,
    );
  }
  return subnet;
}

function reportOverlaps(
  nodes: readonly MachineSpec[],
  subnets: readonly (Cidr | undefined)[],
  diagnostics: Diagnostics,
): void {
  for (const [index, subnet] of subnets.entries()) {
    const other = subnets.slice(0, index).findIndex((earlier) => earlier && subnet && cidrsOverlap(earlier, subnet));
    if (other >= 0) {
      diagnostics.error(
        'overlapping-ranges',
        `podCIDR ${subnet!.text} of ${nodes[index]!.place} overlaps that of ${nodes[other]!.place}`,
        nodes[index]!.at,
      );
    }
  }
}
