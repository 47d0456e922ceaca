/**
 * Docker Engine on a host (moby 29, daemon/libnetwork/drivers/bridge; the rules are those of
 * integration/network/bridge/iptablesdoc/generated, new-daemon.md and usernet-portmap.md).
 *
 *   container → docker0 172.17.0.1 → nat POSTROUTING: MASQUERADE → eth0
 *
 *   raw PREROUTING      a container's address is its host's business: dropped, unless it came by docker0
 *   nat PREROUTING      to an address of the host → DOCKER ─ a published port, not by docker0: DNAT to the container
 *   nat OUTPUT          the same for the host itself, but for 127.0.0.0/8
 *   filter FORWARD      → DOCKER-USER → DOCKER-FORWARD, else dropped
 *     DOCKER-CT         answers pass
 *     DOCKER-BRIDGE     to docker0 → DOCKER ─ a published port passes, nothing else from outside
 *     DOCKER-FORWARD    by docker0: passes
 *   docker-proxy        takes what these rules leave: 127.0.0.1, and containers that ask the host
 *
 * Without docker-proxy the rules do that as well, with docker0 sending packets back where they came from.
 */
import type { Cluster, Container, Host } from '../model/cluster.ts';
import { DOCKER_CIDR } from '../model/containers.ts';
import { nthAddress } from '../net/address.ts';
import { containerVethName } from '../net/name.ts';
import { type PublishedPort, socketAddress } from '../net/port.ts';
import type { KernelStateBuilder } from './builder.ts';
import { addBridge, plugIn } from './cable.ts';
import { dockerProxy } from './docker-proxy.ts';
import type { IptablesBuilder } from './iptables.ts';

const BRIDGE = 'docker0';
/** Whatever that of the host's own interfaces is. */
const MTU = 1500;

type Bridged = Container & { readonly address: string };

export function compileDocker({ hosts, containers }: Cluster, state: KernelStateBuilder): void {
  for (const host of hosts) {
    if (!host.docker) continue;
    const own = containers.filter((container) => container.host === host);
    for (const { network, netns, origin, place } of own) if (network === 'none') state.add(netns, origin, place);
    compileEngine(host, host.docker.userlandProxy, own.filter(isBridged), state);
  }
}

function isBridged(container: Container): container is Bridged {
  return container.network === 'bridge' && container.address !== undefined;
}

function compileEngine(
  host: Host,
  userlandProxy: boolean,
  containers: readonly Bridged[],
  state: KernelStateBuilder,
): void {
  const machine = state.get(host.netns);
  const { iptables } = machine;
  machine.sysctl('net.ipv4.ip_forward', 1);
  /** Docker loads br_netfilter only when containers of one bridge have to be kept apart, or translated. */
  machine.sysctl('net.bridge.bridge-nf-call-iptables', userlandProxy ? 0 : 1);
  const bridge = {
    machine,
    name: BRIDGE,
    mtu: MTU,
    gateway: nthAddress(DOCKER_CIDR, 1)!,
    network: DOCKER_CIDR,
    hairpin: !userlandProxy,
    routeLocalnet: !userlandProxy,
  };
  addBridge(bridge);
  compileChains(host, userlandProxy, iptables);
  for (const container of containers) {
    plugIn(container, containerVethName(container.place), 'container', bridge, state);
    iptables.append('raw', 'PREROUTING', `-d ${container.address}/32 ! -i ${BRIDGE} -j DROP`, container.origin);
    for (const port of container.published) compilePort(container, port, userlandProxy, iptables);
    if (userlandProxy) machine.relays.push(...container.published.map((port) => dockerProxy(container, port)));
  }
}

/** dockerd found the kernel not forwarding: since it made it forward, nothing else shall be forwarded. */
function compileChains({ origin }: Host, userlandProxy: boolean, iptables: IptablesBuilder): void {
  const rule = (table: 'nat' | 'filter', chain: string, text: string) => iptables.append(table, chain, text, origin);
  const local = '-m addrtype --dst-type LOCAL -j DOCKER';
  iptables.chain('nat', 'DOCKER');
  rule('nat', 'PREROUTING', local);
  rule('nat', 'OUTPUT', userlandProxy ? `! -d 127.0.0.0/8 ${local}` : local);
  if (!userlandProxy) rule('nat', 'POSTROUTING', `-o ${BRIDGE} -m addrtype --src-type LOCAL -j MASQUERADE`);
  rule('nat', 'POSTROUTING', `-s ${DOCKER_CIDR.text} ! -o ${BRIDGE} -j MASQUERADE`);

  iptables.dropByDefault('filter', 'FORWARD');
  for (const chain of ['DOCKER', 'DOCKER-BRIDGE', 'DOCKER-CT', 'DOCKER-FORWARD', 'DOCKER-INTERNAL', 'DOCKER-USER'])
    iptables.chain('filter', chain);
  rule('filter', 'FORWARD', '-j DOCKER-USER');
  rule('filter', 'FORWARD', '-j DOCKER-FORWARD');
  rule('filter', 'DOCKER', `! -i ${BRIDGE} -o ${BRIDGE} -j DROP`);
  rule('filter', 'DOCKER-BRIDGE', `-o ${BRIDGE} -j DOCKER`);
  rule('filter', 'DOCKER-CT', `-o ${BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`);
  for (const chain of ['DOCKER-CT', 'DOCKER-INTERNAL', 'DOCKER-BRIDGE'])
    rule('filter', 'DOCKER-FORWARD', `-j ${chain}`);
  rule('filter', 'DOCKER-FORWARD', `-i ${BRIDGE} -j ACCEPT`);
}

function compilePort(
  { address, origin }: Bridged,
  { port, protocol, hostPort, hostIP }: PublishedPort,
  userlandProxy: boolean,
  iptables: IptablesBuilder,
): void {
  const proto = `-p ${protocol.toLowerCase()} -m ${protocol.toLowerCase()}`;
  const to = hostIP === undefined ? '' : `-d ${hostIP}/32 `;
  const elsewhere = userlandProxy ? `! -i ${BRIDGE} ` : '';
  if (hostIP?.startsWith('127.'))
    iptables.append('raw', 'PREROUTING', `${to}! -i lo ${proto} --dport ${hostPort} -j DROP`, origin);
  iptables.append(
    'nat',
    'DOCKER',
    `${to}${elsewhere}${proto} --dport ${hostPort} -j DNAT --to-destination ${socketAddress(address, port)}`,
    origin,
  );
  if (!userlandProxy)
    iptables.append(
      'nat',
      'POSTROUTING',
      `-s ${address}/32 -d ${address}/32 ${proto} --dport ${port} -j MASQUERADE`,
      origin,
    );
  iptables.ensure(
    'prepend',
    'filter',
    'DOCKER',
    `-d ${address}/32 ! -i ${BRIDGE} -o ${BRIDGE} ${proto} --dport ${port} -j ACCEPT`,
    origin,
  );
}
