/**
 * The network policy controller of kube-router 2.11 (cloudnativelabs/kube-router pkg/controllers/netpol/npc_iptables.go, pod.go),
 * on the nodes of the pods that policies select:
 *
 *   filter INPUT/FORWARD/OUTPUT → KUBE-ROUTER-x, before everybody else's rules
 *     ├ from or to a selected pod → KUBE-POD-FW-y, the pod's own
 *     │    ├ KUBE-NWPLCY-COMMON: answers are accepted, and some ICMP
 *     │    ├ from the node itself: accepted
 *     │    ├ KUBE-NWPLCY-z, each policy that selects the pod: sets the mark 0x10000 on what it allows
 *     │    │    (KUBE-NWPLCY-DEFAULT: on everything, where no policy says anything about a direction)
 *     │    └ without the mark: REJECT; with it: another mark, 0x20000, and on
 *     └ KUBE-NWPLCY-TAIL: accept what carries 0x20000, so neither kube-proxy's nor the network plugin's rules see it
 *
 * A packet between two selected pods of one node passes both their chains. kube-router makes chains for all pods; those of pods
 * that no policy selects would let everything through, and are left out, and so is its cloth of chains on nodes without any.
 */
import type { Cluster, Node, Pod } from '../../model/cluster.ts';
import type { NetworkPolicy } from '../../model/network-policy.ts';
import type { KernelStateBuilder, NamespaceBuilder } from '../builder.ts';
import { commonRules } from './common-rules.ts';
import { podChain, policyChain, ruleId, shortComment } from './names.ts';
import { compilePolicy } from './policy-chain.ts';

const CHAINS = { INPUT: 'KUBE-ROUTER-INPUT', FORWARD: 'KUBE-ROUTER-FORWARD', OUTPUT: 'KUBE-ROUTER-OUTPUT' } as const;
const BUILTIN = ['INPUT', 'FORWARD', 'OUTPUT'] as const;
const COMMON = 'KUBE-NWPLCY-COMMON';
const DEFAULT = 'KUBE-NWPLCY-DEFAULT';
const TAIL = 'KUBE-NWPLCY-TAIL';

/** Of what a policy allows, and of what has passed a pod's chain. */
const ALLOWED = '0x10000/0x10000';
const PASSED = '0x20000/0x20000';

export function compileKubeRouter(cluster: Cluster, state: KernelStateBuilder): void {
  const places = new Set(cluster.policies.flatMap(({ pods }) => pods));
  const selected = cluster.pods.filter(({ place }) => places.has(place));
  for (const node of new Set(selected.map((pod) => pod.node))) {
    const pods = selected.filter((pod) => pod.node === node);
    compileNode(cluster, node, pods, state.get(node.netns));
  }
}

function compileNode(cluster: Cluster, node: Node, pods: readonly Pod[], machine: NamespaceBuilder): void {
  const { family } = node.podCIDR;
  compileJumps(cluster, node, machine);
  const rule = (chain: string, text: string) => machine.rules(family).append('filter', chain, text, node.origin);
  for (const text of commonRules(family)) rule(COMMON, text);
  rule(DEFAULT, `-j MARK -m comment --comment "rule to mark traffic matching a network policy" --set-xmark ${ALLOWED}`);
  for (const policy of cluster.policies) compilePolicy(cluster, policy, machine, family);
  for (const pod of pods) compilePod(pod, cluster.policies, machine);
  for (const chain of Object.values(CHAINS)) {
    rule(
      chain,
      `-m comment --comment "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision" -j ${TAIL}`,
    );
    rule(
      chain,
      `-m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark ${PASSED} -j ACCEPT`,
    );
  }
  rule(TAIL, `-m comment --comment "accept netpol-ok" -m mark --mark ${PASSED} -j ACCEPT`);
}

/** What is for a Service is judged when it is for an endpoint: by then it is no longer for the node. */
function compileJumps({ serviceCIDRs, nodePortRange }: Cluster, node: Node, machine: NamespaceBuilder): void {
  const rules = machine.rules(node.podCIDR.family);
  for (const chain of BUILTIN) {
    const words = ['-m', 'comment', '--comment', 'kube-router netpol', '-j', CHAINS[chain]];
    rules.ensure('prepend', 'filter', chain, withId(chain, words), node.origin);
    rules.chain('filter', CHAINS[chain]);
  }
  const pass = (...words: string[]) => rules.append('filter', CHAINS.INPUT, withId(CHAINS.INPUT, words), node.origin);
  for (const { text } of serviceCIDRs)
    pass(
      '-m',
      'comment',
      '--comment',
      'allow traffic to primary/secondary cluster IP range',
      '-d',
      text,
      '-j',
      'RETURN',
    );
  const ports = nodePortRange.replace('-', ':');
  for (const protocol of ['tcp', 'udp', 'sctp']) {
    const comment = `allow LOCAL ${protocol.toUpperCase()} traffic to node ports`;
    const local = ['-m', 'addrtype', '--dst-type', 'LOCAL', '-m', 'multiport', '--dports', ports];
    pass('-p', protocol, '-m', 'comment', '--comment', comment, ...local, '-j', 'RETURN');
  }
}

/** The words of a rule, the comment with the identity by which kube-router finds it again. */
function withId(chain: string, words: readonly string[]): string {
  return words
    .map((word, index) => (words[index - 1] === '--comment' ? `"${word} - ${ruleId(chain, words)}"` : word))
    .join(' ');
}

/** Every policy is put on top of those before it. */
function compilePod(pod: Pod, policies: readonly NetworkPolicy[], machine: NamespaceBuilder): void {
  const { address, node } = pod;
  const { family } = node.podCIDR;
  const chain = podChain(pod);
  const rules = machine.rules(family);
  const rule = (text: string, { origin }: Pick<Pod, 'origin'> = pod) => rules.append('filter', chain, text, origin);
  const own = policies.filter(({ pods }) => pods.includes(pod.place));

  rule(`-m comment --comment "common netpol rules" -j ${COMMON}`);
  rule(`-m comment --comment "from local node" -m addrtype --src-type LOCAL -d ${address} -j ACCEPT`);
  if (!own.some(({ egress }) => egress)) rule(`-s ${address} -m comment --comment "default egress" -j ${DEFAULT}`);
  if (!own.some(({ ingress }) => ingress)) rule(`-d ${address} -m comment --comment "default ingress" -j ${DEFAULT}`);
  for (const policy of own.toReversed()) {
    const direction = policy.ingress && policy.egress ? '' : policy.ingress ? `-d ${address} ` : `-s ${address} `;
    rule(`${direction}${shortComment(policy, 'policy')} -j ${policyChain(policy, family)}`, policy);
  }
  const isDenied = `-m mark ! --mark ${ALLOWED}`;
  rule(
    `${shortComment(pod, 'log-drop')} ${isDenied} -j NFLOG --nflog-group 100 -m limit --limit 10/minute --limit-burst 10`,
  );
  rule(`${shortComment(pod, 'reject')} ${isDenied} -j REJECT`);
  rule('-j MARK --set-mark 0/0x10000');
  rule(`-m comment --comment "set netpol-ok mark" -j MARK --set-mark ${PASSED}`);

  const jump = (from: string, match: string) => rules.append('filter', from, `${match} -j ${chain}`, pod.origin);
  const bridged = '-m physdev --physdev-is-bridged';
  const inbound = `${shortComment(pod, 'in')} -d ${address}`;
  const outbound = `${shortComment(pod, 'out')} -s ${address}`;
  jump(CHAINS.FORWARD, inbound);
  jump(CHAINS.OUTPUT, inbound);
  jump(CHAINS.FORWARD, `${bridged} ${inbound}`);
  for (const from of BUILTIN) jump(CHAINS[from], outbound);
  jump(CHAINS.FORWARD, `${bridged} ${outbound}`);
}
