/**
 * The Services of kube-proxy's own tests TestOverallIPTablesRules and TestOverallNFTablesRules
 * (kubernetes pkg/proxy/{iptables,nftables}/proxier_test.go), on one node.
 *
 *   ns1/svc1  ClusterIP, one endpoint                      ns4/svc4  external IP, two endpoints
 *   ns2/svc2  load balancer, policy Local, none local      ns5/svc5  load balancer, source ranges, affinity
 *   ns3/svc3  NodePort                                     ns6/svc6  no endpoints
 */
import { stream, topology } from '../model/objects.ts';

export function sixServices(mode: 'iptables' | 'nftables'): string {
  const lab = topology({
    cluster: {
      podCIDR: '10.0.0.0/8',
      nodeCIDRMaskSize: 24,
      serviceCIDR: '172.30.0.0/16',
      serviceNodePortRange: '3000-32767',
      cni: { mode: 'bridge', ipMasq: false },
      proxy: { mode },
    },
    networks: [{ name: 'lan', cidr: '192.168.0.0/16' }],
    nodes: [{ name: 'node1', address: '192.168.0.2' }],
  });
  return stream(lab, ...SERVICES);
}

const balancer = (ip: string) => ({ loadBalancer: { ingress: [{ ip }] } });

const SERVICES = [
  ...service(1, {}, ['10.180.0.1']),
  ...service(
    2,
    {
      type: 'LoadBalancer',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30000,
      externalIPs: ['192.168.99.22'],
      port: { nodePort: 3001 },
    },
    ['10.180.0.2'],
    balancer('1.2.3.4'),
  ),
  ...service(3, { type: 'NodePort', port: { nodePort: 3003 } }, ['10.180.0.3']),
  ...service(4, { type: 'NodePort', externalIPs: ['192.168.99.33'], port: { nodePort: 3004 } }, [
    '10.180.0.4',
    '10.180.0.5',
  ]),
  ...service(
    5,
    {
      type: 'LoadBalancer',
      loadBalancerSourceRanges: ['203.0.113.0/25'],
      sessionAffinity: 'ClientIP',
      port: { nodePort: 3002 },
    },
    ['10.180.0.3'],
    balancer('5.6.7.8'),
  ),
  ...service(6, {}, []),
];

function service(index: number, spec: object, endpoints: readonly string[], status?: object): string[] {
  const metadata = { name: `svc${index}`, namespace: `ns${index}` };
  const labels = { 'kubernetes.io/service-name': `svc${index}` };
  const { port, ...rest } = spec as { port?: object };
  return [
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata,
      spec: { clusterIP: `172.30.0.4${index}`, ports: [{ name: 'p80', port: 80, ...port }], ...rest },
      status,
    }),
    JSON.stringify({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { ...metadata, labels },
      addressType: 'IPv4',
      endpoints: endpoints.map((address) => ({ addresses: [address] })),
      ports: [{ name: 'p80', port: 80 }],
    }),
  ];
}
