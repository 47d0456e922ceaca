/**
 * klipper-lb, the load balancer of k3s (k3s-io/klipper-lb, entry): rules in the pods that have the Service's ports on the nodes.
 *
 *   nat PREROUTING      to the Service's port: DNAT to the ClusterIP, with policy Local to the NodePort of the node
 *   filter FORWARD      from the source ranges: accepted; from others: dropped
 *   nat POSTROUTING     what goes there: masqueraded, so that the client's address is not kept
 *
 * The Service's addresses are the nodes', and kube-proxy knows them as such: it takes what comes there before the hostPort does.
 * The pods get what comes to other addresses of the nodes.
 */
import type { Cluster, LoadBalancer, Pod, Service, ServicePort } from '../../model/cluster.ts';
import { hostCidr, isOfFamily } from '../../net/address.ts';
import { socketAddress } from '../../net/port.ts';
import type { KernelStateBuilder } from '../builder.ts';

const FORWARDING = { 4: 'net.ipv4.ip_forward', 6: 'net.ipv6.conf.all.forwarding' } as const;

export function compileKlipper(
  _: LoadBalancer,
  services: readonly Service[],
  { pods }: Cluster,
  state: KernelStateBuilder,
): void {
  for (const service of services)
    for (const pod of pods.filter(({ balances }) => balances === `${service.namespace}/${service.name}`))
      for (const port of service.ports) compilePort(service, port, pod, state);
}

function compilePort(
  service: Service,
  { port, protocol, nodePort }: ServicePort,
  pod: Pod,
  state: KernelStateBuilder,
): void {
  const { clusterIPs, externalTrafficPolicy, loadBalancerSourceRanges: given, origin } = service;
  const isLocal = externalTrafficPolicy === 'Local';
  const [destinations, to = port] = isLocal ? [pod.node.addresses, nodePort] : [clusterIPs, port];
  const proto = `-p ${protocol.toLowerCase()}`;
  const namespace = state.get(pod.netns);
  for (const address of destinations) {
    const { family, text } = hostCidr(address);
    const rules = namespace.rules(family);
    const anybody = family === 4 ? '0.0.0.0/0' : '::/0';
    const ranges =
      given.length > 0 ? given.map((range) => range.text).filter((range) => isOfFamily(range, family)) : [anybody];
    namespace.sysctl(FORWARDING[family], 1, origin);
    for (const range of ranges)
      rules.ensure('prepend', 'filter', 'FORWARD', `-s ${range} ${proto} --dport ${to} -j ACCEPT`, origin);
    rules.append('filter', 'FORWARD', `-d ${text} ${proto} --dport ${to} -j DROP`, origin);
    rules.ensure(
      'prepend',
      'nat',
      'PREROUTING',
      `${proto} --dport ${port} -j DNAT --to-destination ${socketAddress(address, to)}`,
      origin,
    );
    rules.ensure('prepend', 'nat', 'POSTROUTING', `-d ${text} ${proto} -j MASQUERADE`, origin);
  }
}
