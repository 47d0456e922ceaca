/** Which node each pod is on. */
import { type Diagnostics, formatPosition, nearest } from '../diagnostic.ts';
import { formatPort } from '../net/port.ts';
import type { Node } from './cluster.ts';
import type { DeclaredPort } from './container-ports.ts';
import { type Draft, podPlace } from './draft.ts';
import { type HostPort, HostPorts } from './host-ports.ts';

/**
 * `nodeName` as it stands; otherwise the fitting node with the fewest pods, the earlier one on a tie. A node fits that has
 * the labels and the ports a pod asks for.
 */
export function schedule(
  drafts: readonly Draft[],
  portsOf: (draft: Draft) => readonly DeclaredPort[],
  nodes: readonly Node[],
  diagnostics: Diagnostics,
): { draft: Draft; node: Node }[] {
  const load = new Map(nodes.map((node) => [node, 0]));
  const taken = new HostPorts();
  const put = (draft: Draft, node: Node) => {
    load.set(node, load.get(node)! + 1);
    taken.claim(node.place, hostPortsOf(draft, portsOf(draft)));
  };
  const named = drafts.map((draft) => {
    if (draft.spec.nodeName === undefined) return undefined;
    const node = namedNode(draft, nodes, diagnostics);
    if (!node) return undefined;
    reportConflict(node, hostPortsOf(draft, portsOf(draft)), taken, diagnostics);
    put(draft, node);
    return node;
  });
  const reported = new Set<Draft['spec']>();
  return drafts.flatMap((draft, index) => {
    if (draft.spec.nodeName !== undefined) return named[index] ? [{ draft, node: named[index] }] : [];
    const labelled = nodes.filter(
      (node) => node.name === (draft.onlyNode ?? node.name) && matchesNodeSelector(draft.spec, node),
    );
    const wanted = hostPortsOf(draft, portsOf(draft));
    const fitting = labelled.filter((node) => taken.conflicts(node.place, wanted).length === 0);
    const node = fitting.toSorted((a, b) => load.get(a)! - load.get(b)!)[0];
    if (node) put(draft, node);
    else if (!reported.has(draft.spec)) {
      reported.add(draft.spec);
      if (labelled.length === 0) reportLabels(draft, diagnostics);
      else reportPorts(draft, labelled, wanted, taken, diagnostics);
    }
    return node ? [{ draft, node }] : [];
  });
}

export function matchesNodeSelector({ nodeSelector = {} }: Draft['spec'], { labels }: Node): boolean {
  return Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
}

function hostPortsOf({ spec, ...draft }: Draft, ports: readonly DeclaredPort[]): HostPort[] {
  return ports.flatMap(({ port, protocol, hostPort = spec.hostNetwork ? port : undefined, hostIP, hostPortAt: at }) =>
    hostPort === undefined ? [] : [{ owner: podPlace(draft), hostPort, protocol, hostIP, at }],
  );
}

function namedNode(draft: Draft, nodes: readonly Node[], diagnostics: Diagnostics): Node | undefined {
  const node = nodes.find(({ name }) => name === draft.spec.nodeName);
  if (!node) {
    const names = nodes.map(({ name }) => name);
    const guess = nearest(draft.spec.nodeName!, names);
    diagnostics.error(
      'unknown-node',
      `there is no node ${draft.spec.nodeName}`,
      draft.locateSpec(['nodeName']),
      guess ? `did you mean "${guess}"?` : `nodes here: ${names.join(', ')}`,
    );
  }
  return node;
}

/** kubelet refuses such a pod: its phase is Failed, its reason NodePorts. */
function reportConflict({ place }: Node, ports: readonly HostPort[], taken: HostPorts, diagnostics: Diagnostics): void {
  for (const { wanted, other } of taken.conflicts(place, ports)) {
    diagnostics.error(
      'host-port-taken',
      `${wanted.owner} cannot have port ${portOf(wanted)} of ${place}: ${other.owner} has it (${formatPosition(other.at)})`,
      wanted.at,
      'a port of a node belongs to one pod: give them different ports, or put them on different nodes',
    );
  }
}

function reportLabels(draft: Draft, diagnostics: Diagnostics): void {
  const wanted = Object.entries(draft.spec.nodeSelector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(', ');
  diagnostics.error(
    'unschedulable',
    `no node has the labels ${podPlace(draft)} selects: ${wanted}`,
    draft.locateSpec(['nodeSelector']),
  );
}

function reportPorts(
  draft: Draft,
  nodes: readonly Node[],
  ports: readonly HostPort[],
  taken: HostPorts,
  diagnostics: Diagnostics,
): void {
  const holders = nodes.map(({ place }) => {
    const { wanted, other } = taken.conflicts(place, ports)[0]!;
    return { wanted, text: `on ${place} ${other.owner} has ${portOf(wanted)} (${formatPosition(other.at)})` };
  });
  const shown = holders.slice(0, 3).map(({ text }) => text);
  const more = holders.length > 3 ? [`and so on for ${holders.length} nodes`] : [];
  diagnostics.error(
    'unschedulable',
    `no node has the ports free that ${podPlace(draft)} asks for: ${[...shown, ...more].join(', ')}`,
    holders[0]!.wanted.at,
    'a port of a node belongs to one pod: ask for fewer replicas or other ports, or add nodes',
  );
}

function portOf({ hostPort: port, protocol }: HostPort): string {
  return formatPort({ port, protocol });
}
