/**
 * `Cluster`: Kubernetes nouns with every reference resolved and every address allocated.
 *
 * What a stage after this one needs to know about the input is here; nothing later reads a manifest.
 * All values are plain data in a fixed order: the same input gives the same cluster.
 *
 * Whatever there may be one of for each address family is a list beside its first: `podCIDRs` and `podCIDR`, `clusterIPs`
 * and `clusterIP`, as in Kubernetes. What programs of one family see is `inFamily` (family.ts).
 */
import type { Origin } from '../diagnostic.ts';
import type { Zone } from '../dns/record.ts';
import type { Cidr, Family, FamilyName } from '../net/address.ts';
import type { Impairment } from '../net/impairment.ts';
import type { Port, Protocol, PublishedPort } from '../net/port.ts';
import type { CniConfig } from '../parse/schema/cni.ts';
import type { ProxyConfig } from '../parse/schema/proxy.ts';
import type { Taint } from '../parse/schema/scheduling.ts';
import type { FaultName } from '../parse/schema/topology.ts';
import type { Bandwidth } from './bandwidth.ts';
import type { Check } from './check.ts';
import type { ControllerFlags } from './ingress/controller.ts';
import type { IngressController } from './ingress/index.ts';
import type { Names } from './names.ts';
import type { Naming } from './naming.ts';
import type { NetworkConfiguration } from './network-configuration.ts';
import type { NetworkPolicy } from './network-policy.ts';

export type { Outcome, Rejection } from '../parse/schema/check.ts';
export type { CalicoConfig, CloudConfig, CniConfig, CniMode } from '../parse/schema/cni.ts';
export type { ProxyConfig, ProxyMode } from '../parse/schema/proxy.ts';
export type { FaultName } from '../parse/schema/topology.ts';

export interface Cluster {
  readonly name: string;
  /** Those of pods and Services, the primary one first: that of the first `podCIDR`. */
  readonly families: readonly Family[];
  /** In the order of `families`. */
  readonly podCIDRs: readonly Cidr[];
  readonly podCIDR: Cidr;
  readonly serviceCIDRs: readonly Cidr[];
  readonly serviceCIDR: Cidr;
  /** `30000-32767` */
  readonly nodePortRange: string;
  readonly cni: CniConfig;
  /** Of mode `plugins`. */
  readonly networkConfiguration?: NetworkConfiguration;
  readonly proxy: ProxyConfig;
  readonly networks: readonly Network[];
  readonly nodes: readonly Node[];
  readonly hosts: readonly Host[];
  readonly routers: readonly Router[];
  readonly pods: readonly Pod[];
  readonly containers: readonly Container[];
  readonly loadBalancers: readonly LoadBalancer[];
  readonly services: readonly Service[];
  /** Of all Services, headless ones included. */
  readonly endpointSlices: readonly EndpointSlice[];
  readonly endpoints: readonly Endpoints[];
  readonly ingressControllers: readonly IngressController[];
  readonly policies: readonly NetworkPolicy[];
  readonly names: Names;
  /** kubelet's --cluster-domain. */
  readonly domain: string;
  readonly dns?: ClusterDns;
  readonly listeners: readonly Listener[];
  readonly faults: readonly Fault[];
  readonly impairedLinks: readonly ImpairedLink[];
  /** Whether the topology has a meaning in these modes. */
  readonly suitsModes: boolean;
  /** Those that have a meaning in these modes. */
  readonly checks: readonly Check[];
}

/** The Service kube-system/kube-dns. */
export interface ClusterDns {
  /** Its addresses. */
  readonly nameservers: readonly string[];
  /** What the pods behind it answer. */
  readonly zone: Zone;
}

/** A layer-2 segment outside the nodes. */
export interface Network {
  readonly name: string;
  /** At most one a family. */
  readonly cidrs: readonly Cidr[];
  readonly cidr: Cidr;
  readonly mtu: number;
  /** The address in each range that machines use as default gateway; `routed` says whether a router owns it. */
  readonly gateways: readonly string[];
  readonly gateway: string;
  readonly routed: boolean;
  readonly origin: Origin;
}

/** Something that sends and receives packets. `place` is how it is written everywhere: `pod/web-0`. */
export interface Place {
  readonly place: string;
  /** The network namespace it lives in, which may be another place's: a pod's on the host network is its node's. */
  readonly netns: string;
  /**
   * What it is called by, an address a family, the cluster's primary one first: a machine's first address of the family, a
   * node's InternalIP, a pod's podIP. Empty: nobody else can call it.
   */
  readonly addresses: readonly string[];
  readonly address?: string;
  readonly origin: Origin;
}

/** A route beyond those its kind of machine has anyway; `via` is an address on one of its networks. */
export interface Route {
  readonly to: Cidr;
  readonly via: string;
  readonly origin: Origin;
}

/** Where a machine is connected to a network. */
export interface Interface {
  /** `eth0` */
  readonly device: string;
  readonly network: Network;
  /** Of any family. */
  readonly addresses: readonly string[];
  readonly address: string;
  readonly mtu: number;
}

/** A node, a host, or a router. */
export interface Machine extends Place {
  readonly name: string;
  readonly address: string;
  /** eth0, eth1, …; no two on one network. */
  readonly interfaces: readonly [Interface, ...Interface[]];
  readonly routes: readonly Route[];
}

export interface Node extends Machine {
  /** In the order of the cluster's families. */
  readonly podCIDRs: readonly Cidr[];
  readonly podCIDR: Cidr;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
}

export interface Host extends Machine {
  readonly listen: readonly Port[];
  /** Undefined: no Docker Engine runs there. */
  readonly docker?: { readonly userlandProxy: boolean };
}

/** Forwards, and is the default gateway of its networks. */
export interface Router extends Machine {
  /** It tells its networks of IPv6 that it is: nobody there is given a default route. */
  readonly routerAdvertisements: boolean;
}

/** A container of a host's Docker Engine. Its namespace is its own, its host's, or another container's. */
export interface Container extends Place {
  readonly name: string;
  readonly host: Host;
  readonly network: 'bridge' | 'host' | 'none' | 'container';
  readonly listen: readonly Port[];
  readonly published: readonly PublishedPort[];
}

export interface Pod extends Place {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly node: Node;
  readonly address: string;
  readonly hostNetwork: boolean;
  readonly ports: readonly ContainerPort[];
  readonly conditions: EndpointConditions;
  /** Undefined: its name. */
  readonly hostname?: string;
  /** The headless Service in whose domain its hostname is. */
  readonly subdomain?: string;
  readonly naming: Naming;
  /** Services with a smaller number are older. */
  readonly created: number;
  /** What its annotations ask the network plugin for. */
  readonly bandwidth?: Bandwidth;
  /** The Service, `NAMESPACE/NAME`, that its rules lead to; nobody listens in it. */
  readonly balances?: string;
  /** It runs ingress-nginx. */
  readonly ingressController?: ControllerFlags;
}

/** Whoever can be named in a check. */
export type Inhabitants = Pick<Cluster, 'nodes' | 'hosts' | 'routers' | 'pods' | 'containers'>;

export function placesOf({ nodes, hosts, routers, pods, containers }: Inhabitants): Place[] {
  return [...nodes, ...hosts, ...routers, ...pods, ...containers];
}

/** A port one of a pod's containers declares. */
export interface ContainerPort extends Port {
  readonly name?: string;
  readonly container: string;
  /** The port of the node that leads here, through the network plugin; a pod on the host network needs none. */
  readonly hostPort?: number;
  /** The one address of the node that does; undefined: all of them. */
  readonly hostIP?: string;
}

/** As in an EndpointSlice, all three known. */
export interface EndpointConditions {
  readonly ready: boolean;
  readonly serving: boolean;
  readonly terminating: boolean;
}

/** Who gives Services of type LoadBalancer their addresses, and brings packets for these to nodes. */
export type LoadBalancer = {
  readonly name: string;
  /** Of the Services it serves; undefined: those that name none. */
  readonly loadBalancerClass?: string;
  readonly origin: Origin;
} & (
  | { readonly kind: 'cloud'; readonly machine: Host; readonly ipMode: 'VIP' | 'Proxy' }
  | { readonly kind: 'metallb-l2' | 'klipper' }
  | {
      readonly kind: 'metallb-bgp';
      readonly myASN: number;
      readonly peerASN: number;
      readonly peers: readonly Router[];
    }
);

/** A Service kube-proxy would program: not headless, not ExternalName. */
export interface Service {
  readonly namespace: string;
  readonly name: string;
  readonly type: 'ClusterIP' | 'NodePort' | 'LoadBalancer';
  /** One for each of its families, its own primary one first. Its other addresses and its endpoints are of these. */
  readonly clusterIPs: readonly string[];
  readonly clusterIP: string;
  readonly externalIPs: readonly string[];
  /** Those of its status. */
  readonly ingressIPs: readonly string[];
  /** Those among them that kube-proxy short-circuits (ipMode VIP). */
  readonly loadBalancerIPs: readonly string[];
  /** The name of who brings packets for them to nodes; undefined: nobody in the lab. */
  readonly loadBalancer?: string;
  readonly loadBalancerSourceRanges: readonly Cidr[];
  readonly externalTrafficPolicy: 'Cluster' | 'Local';
  readonly internalTrafficPolicy: 'Cluster' | 'Local';
  /** Seconds a client sticks to its endpoint; undefined without ClientIP affinity. */
  readonly affinitySeconds?: number;
  readonly healthCheckNodePort?: number;
  readonly ports: readonly ServicePort[];
  /** Pods with a greater number are younger. */
  readonly created: number;
  readonly origin: Origin;
}

export interface ServicePort {
  /** Empty when the port has no name. */
  readonly name: string;
  readonly protocol: Protocol;
  readonly port: number;
  readonly nodePort?: number;
  readonly endpoints: readonly Endpoint[];
}

/** As the controllers write it, or as it is given. */
export interface EndpointSlice extends EndpointSubset {
  readonly namespace: string;
  readonly name: string;
  /** Name of its Service; empty: it belongs to none. */
  readonly service: string;
  readonly addressType: FamilyName | 'FQDN';
  /** Undefined: somebody's own. */
  readonly managedBy?: string;
  readonly origin: Origin;
}

/** The Endpoints object of the Service of that name. */
export interface Endpoints {
  readonly namespace: string;
  readonly name: string;
  readonly subsets: readonly EndpointSubset[];
  /** Annotated endpoints.kubernetes.io/over-capacity: truncated. */
  readonly isTruncated: boolean;
  readonly origin: Origin;
}

/** Addresses that all have these ports. */
export interface EndpointSubset {
  readonly ports: readonly EndpointPort[];
  readonly endpoints: readonly EndpointAddress[];
}

export interface EndpointPort {
  /** Empty when the port has no name. */
  readonly name: string;
  readonly protocol: Protocol;
  /** Undefined: all of them. */
  readonly port?: number;
}

export interface Endpoint extends EndpointAddress {
  readonly port: number;
}

export interface EndpointAddress extends EndpointConditions {
  readonly address: string;
  /** Its name in the domain of the Service. */
  readonly hostname?: string;
  /** The pod it is, where that is known: on the host network, the address is the node's as well. */
  readonly pod?: string;
  /** Name of the node it is on; an endpoint without one is remote to every node. */
  readonly node?: string;
  readonly zoneHints: readonly string[];
  readonly nodeHints: readonly string[];
}

/** A port that answers probes: a place of the lab, or one address of it. */
export interface Listener extends Port {
  readonly place: string;
  readonly netns: string;
  /** A Service's health check port: says how many of its endpoints are on this node, instead of who answers. */
  readonly health?: { readonly namespace: string; readonly name: string; readonly localEndpoints: number };
  /** A port of the cluster's DNS: answers questions from this. */
  readonly zone?: Zone;
}

/** What a link is made to do to packets that leave by it. */
export interface ImpairedLink {
  readonly place: string;
  readonly netns: string;
  readonly device: string;
  readonly impairment: Impairment;
  /** Undefined: as it is without the impairment. */
  readonly down?: boolean | undefined;
  readonly origin: Origin;
}

/** Something to break: a named edit of the kernel state. */
export interface Fault {
  readonly fault: FaultName;
  /** The place to break; undefined: wherever it applies. */
  readonly at?: string;
  readonly origin: Origin;
}

/** Those on its networks; network plugins and kube-proxy give a node others. */
export function addressesOf({ interfaces }: Machine): string[] {
  return interfaces.flatMap(({ addresses }) => addresses);
}

/** Whoever sends to one of these addresses means the Service. */
export function serviceAddresses({ clusterIPs, externalIPs, ingressIPs }: Service): string[] {
  return [...clusterIPs, ...externalIPs, ...ingressIPs];
}

/** `namespace/name` without the default namespace: how objects are called in messages and places. */
export function objectName(namespace: string, name: string): string {
  return namespace === 'default' ? name : `${namespace}/${name}`;
}
