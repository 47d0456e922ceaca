/**
 * UDP has no end of a connection: what conntrack remembers of a client outlives the endpoint it leads to for as long as the
 * client goes on. kube-proxy forgets it after every change, in modes iptables, ipvs and nftables alike (kubernetes
 * pkg/proxy/conntrack/cleanup.go, CleanStaleEntries): whatever leads to no endpoint that serves, whether that is ready or
 * terminating, and whatever the traffic policies say. A Service without such endpoints is left alone.
 */
import type { Cluster, Service, ServicePort } from '../../model/cluster.ts';
import { serviceAddresses } from '../../model/cluster.ts';
import type { UdpFlows } from '../kernel-state.ts';

export function udpFlows({ services }: Cluster): UdpFlows[] {
  return services.flatMap((service) =>
    service.ports.filter(({ protocol }) => protocol === 'UDP').flatMap((port) => flowsTo(service, port)),
  );
}

function flowsTo(service: Service, { port, nodePort, endpoints: all }: ServicePort): UdpFlows[] {
  const endpoints = [...new Set(all.filter(({ serving }) => serving).map(({ address }) => address))];
  if (endpoints.length === 0) return [];
  const { origin } = service;
  return [
    ...serviceAddresses(service).map((address) => ({ address, port, endpoints, origin })),
    ...(nodePort === undefined ? [] : [{ port: nodePort, endpoints, origin }]),
  ];
}
