/**
 * An operation as the command an engineer would type. Arguments are separate words: nothing here is quoted or expanded. Where one
 * command is not enough (tunl0), the words are a shell's.
 */
import type { Attachment } from '../compile/attachment.ts';
import type { DaemonProgram } from '../compile/daemon.ts';
import type { UdpFlows } from '../compile/kernel-state.ts';
import type { PassThrough } from '../compile/pass-through.ts';
import type { RelayProgram } from '../compile/relay.ts';
import { isIpv6 } from '../net/address.ts';
import { impairmentWords, isImpaired } from '../net/impairment.ts';
import { socketAddress } from '../net/port.ts';
import type { LoadRules, Operation, RuleProgram } from './operation.ts';

export interface Command {
  readonly argv: readonly string[];
  /** Standard input, for the restore commands. */
  readonly stdin?: string;
}

/** The programs that read rules from their standard input. */
const LOADERS: Record<RuleProgram, readonly string[]> = {
  ipset: ['ipset', 'restore'],
  iptables: ['iptables-restore'],
  ip6tables: ['ip6tables-restore'],
  nft: ['nft', '-f', '-'],
  ipvs: ['ipvsadm', '--restore'],
};

export function loaderOf({ program, onTop }: LoadRules): string[] {
  return [...LOADERS[program], ...(onTop ? ['--noflush'] : [])];
}

export function commandOf(operation: Operation): Command {
  const { namespace } = operation;
  const ip = (...args: (string | number)[]): Command => ({ argv: ['ip', '-n', namespace, ...args.map(String)] });
  const inside = (...args: string[]): string[] => ['ip', 'netns', 'exec', namespace, ...args];
  switch (operation.kind) {
    case 'add-namespace':
      return { argv: ['ip', 'netns', 'add', namespace] };
    case 'delete-namespace':
      return { argv: ['ip', 'netns', 'delete', namespace] };
    case 'set-sysctl':
      return { argv: inside('sysctl', '-qw', `${operation.sysctl.key}=${operation.sysctl.value}`) };
    case 'add-link':
      if (operation.link.kind === 'tunl0') return { argv: ['sh', '-c', tunl0(namespace, operation.link.mtu)] };
      return ip('link', 'add', ...newLink(operation.link));
    case 'add-tun':
      return ip('tuntap', 'add', 'dev', operation.name, 'mode', 'tun');
    case 'set-wireguard':
      return {
        argv: inside('wg', 'setconf', operation.device.name, '/dev/stdin'),
        stdin: wireguardConfig(operation.device),
      };
    case 'set-link':
      return ip('link', 'set', ...linkChange(operation.change));
    case 'set-port':
      return {
        argv: [
          'bridge',
          '-n',
          namespace,
          'link',
          'set',
          'dev',
          operation.name,
          'hairpin',
          operation.hairpin ? 'on' : 'off',
        ],
      };
    case 'set-impairment': {
      const { name, impairment } = operation;
      const qdisc = (verb: string, ...words: string[]) => [
        'tc',
        '-n',
        namespace,
        'qdisc',
        verb,
        'dev',
        name,
        'root',
        ...words,
      ];
      return {
        argv: isImpaired(impairment) ? qdisc('replace', 'netem', ...impairmentWords(impairment)) : qdisc('del'),
      };
    }
    case 'delete-link':
      return ip('link', 'delete', operation.name);
    case 'add-address':
    case 'delete-address': {
      const { device, address, broadcast } = operation.address;
      const words = [address, ...(broadcast ? ['brd', broadcast] : []), 'dev', device];
      return operation.kind === 'add-address'
        ? ip('addr', 'add', ...words, ...(isIpv6(address) ? ['nodad'] : []))
        : ip('addr', 'del', ...words);
    }
    case 'add-route':
    case 'delete-route': {
      const { to, via, device, onlink, scope, source, protocol } = operation.route;
      return ip(
        'route',
        verb(operation.kind),
        ...(device === undefined ? ['blackhole', to] : [to]),
        ...(via ? ['via', via] : []),
        ...(device ? ['dev', device] : []),
        ...(protocol === undefined ? [] : ['proto', protocol]),
        ...(scope ? ['scope', scope] : []),
        ...(source ? ['src', source] : []),
        ...(onlink ? ['onlink'] : []),
      );
    }
    case 'add-neighbour':
    case 'delete-neighbour': {
      const { device, address, mac } = operation.neighbour;
      return ip('neigh', verb(operation.kind), address, 'lladdr', mac, 'dev', device, 'nud', 'permanent');
    }
    case 'add-fdb':
    case 'delete-fdb': {
      const { device, mac, destination } = operation.entry;
      const action = operation.kind === 'add-fdb' ? 'append' : 'del';
      return {
        argv: ['bridge', '-n', namespace, 'fdb', action, mac, 'dev', device, 'dst', destination, 'self', 'permanent'],
      };
    }
    case 'load-rules':
      return { argv: inside(...loaderOf(operation)), stdin: operation.text };
    case 'retire-server':
      return { argv: inside('ipvsadm', '-e', ...operation.server.split(' '), '-m', '-w', '0') };
    case 'delete-stale-flows':
      return { argv: inside('sh', '-c', forgetting(operation.flows)) };
    case 'set-relays':
      return {
        argv: operation.relays.length > 0 ? inside(...STARTERS[operation.program]) : inside('pkill', operation.program),
      };
    case 'add-to-network':
      return { argv: inside('cnitool', 'add', ...target(operation.attachment)) };
    case 'delete-from-network':
      return { argv: inside('cnitool', 'del', ...target(operation.attachment)) };
    case 'collect-garbage':
      return { argv: inside('cnitool', 'gc', operation.network.name) };
    case 'set-tunnels':
      return { argv: operation.tunnels.length > 0 ? inside('flanneld') : inside('pkill', 'flanneld') };
    case 'set-pass-throughs':
      return {
        argv: [
          'sh',
          '-c',
          operation.passThroughs.map((each) => passThroughWords(namespace, each).join(' ')).join(' && '),
        ],
      };
    case 'set-speaker':
      return { argv: operation.speaker ? inside('speaker') : inside('pkill', 'speaker') };
    case 'set-daemon': {
      const stdin = operation.daemon?.config;
      const argv = DAEMON_COMMANDS[operation.program][stdin === undefined ? 'end' : 'start'](namespace);
      return { argv: inside(...argv), ...(stdin !== undefined && { stdin }) };
    }
  }
}

/** Which connections conntrack is asked for: those that are remembered for these datagrams. */
export function flowFilter({ address, port, endpoints }: Pick<UdpFlows, 'address' | 'port' | 'endpoints'>): string[] {
  const family = isIpv6(endpoints[0]!) ? 'ipv6' : 'ipv4';
  const to = address === undefined ? [] : ['--orig-dst', address];
  return ['-f', family, '-p', 'udp', ...to, '--orig-port-dst', String(port)];
}

/** conntrack(8) cannot be asked for what leads to none of several: whoever answers is looked at. */
function forgetting(flows: Pick<UdpFlows, 'address' | 'port' | 'endpoints'>): string {
  const filter = flowFilter(flows).join(' ');
  const known = flows.endpoints.map((endpoint) => `-e ${endpoint}`).join(' ');
  return [
    `conntrack -L ${filter} 2>/dev/null | sed -n 's/.* src=.* src=\\([^ ]*\\) .*/\\1/p' | sort -u`,
    `grep -vxF ${known}`,
    `while read -r endpoint; do conntrack -D ${filter} --reply-src "$endpoint"; done`,
  ].join(' | ');
}

/** The network and the namespace that libcni's own tool is told (containernetworking/cni cnitool). */
function target({ network, pod }: Attachment): string[] {
  return [network.name, `/run/netns/${pod}`];
}

/** To all its nodes, as if they were well. */
export function passThroughWords(namespace: string, { address, nodes }: PassThrough): string[] {
  return ['ip', '-n', namespace, 'route', 'replace', address, ...nextHops(nodes)];
}

/** Each node once, however many Services lead to it. */
export function nextHops(nodes: PassThrough['nodes']): string[] {
  return [...new Set(nodes.map(({ via }) => via))].flatMap((via) => ['nexthop', 'via', via]);
}

/** How a daemon is started, its configuration on standard input, and ended. All machines share a file system: its files are one's own. */
const DAEMON_COMMANDS: Record<DaemonProgram, Record<'start' | 'end', (namespace: string) => string[]>> = {
  bird: {
    start: (namespace) => ['bird', '-c', '/dev/stdin', '-s', `/run/${namespace}.bird.ctl`],
    end: (namespace) => ['birdc', '-s', `/run/${namespace}.bird.ctl`, 'down'],
  },
  /** nginx does not read a configuration from a pipe. */
  nginx: {
    start: (namespace) => ['sh', '-c', startNginx(`/run/nginx/${namespace}`)],
    end: (namespace) => ['nginx', '-p', `/run/nginx/${namespace}`, '-c', 'nginx.conf', '-s', 'stop'],
  },
};

function startNginx(folder: string): string {
  return `mkdir -p ${folder} && cat > ${folder}/nginx.conf && nginx -p ${folder} -c nginx.conf`;
}

/** What makes a program relay: docker-proxy is dockerd's doing. */
const STARTERS: Record<RelayProgram, readonly string[]> = {
  'kube-proxy': ['kube-proxy', '--proxy-mode=userspace'],
  'docker-proxy': ['dockerd', '--userland-proxy'],
  haproxy: ['haproxy', '-f', '/etc/haproxy/haproxy.cfg'],
};

type NewLink = Extract<Operation, { kind: 'add-link' }>['link'];

/** It is there as soon as the kernel has ipip, which the attempt to make it brings about. */
function tunl0(namespace: string, mtu: number): string {
  const [add, set] = ['add', 'set'].map((verb) => `ip -n ${namespace} link ${verb} tunl0 mtu ${mtu}`);
  return `${add} type ipip 2>/dev/null || ${set}`;
}

function newLink(link: Exclude<NewLink, { kind: 'tunl0' }>): (string | number)[] {
  const end = ({ name, mtu, mac }: { name: string; mtu: number; mac: string }) => [name, 'mtu', mtu, 'address', mac];
  switch (link.kind) {
    case 'bridge':
    case 'dummy':
      return [...end(link), 'type', link.kind];
    case 'veth':
      return [...end(link), 'type', 'veth', 'peer', 'name', ...end(link.peer), 'netns', link.peer.namespace];
    case 'vxlan':
      return [
        ...end(link),
        'type',
        'vxlan',
        'id',
        link.vni,
        'local',
        link.local,
        'dev',
        link.device,
        'dstport',
        link.port,
        link.learning ? 'learning' : 'nolearning',
        ...(link.gbp ? ['gbp'] : []),
      ];
    case 'external-vxlan':
      return [...end(link), 'type', 'vxlan', 'external', 'dstport', link.port];
    case 'ipip':
      return [link.name, 'mtu', link.mtu, 'type', 'ipip', 'local', link.local, 'nopmtudisc'];
    case 'wireguard':
      return [link.name, 'mtu', link.mtu, 'type', 'wireguard'];
  }
}

/** As wg(8) reads it. */
function wireguardConfig({
  privateKey,
  listenPort,
  peers,
}: Extract<Operation, { kind: 'set-wireguard' }>['device']): string {
  return [
    `[Interface]\nPrivateKey = ${privateKey}\nListenPort = ${listenPort}\n`,
    ...peers.map(
      ({ publicKey, endpoint, allowed }) =>
        `[Peer]\nPublicKey = ${publicKey}\nEndpoint = ${socketAddress(endpoint.address, endpoint.port)}\nAllowedIPs = ${allowed}\n`,
    ),
  ].join('');
}

function linkChange({
  name,
  master,
  mtu,
  quiet,
  up,
}: Extract<Operation, { kind: 'set-link' }>['change']): (string | number)[] {
  return [
    name,
    ...(master === undefined ? [] : ['master', master]),
    ...(mtu === undefined ? [] : ['mtu', mtu]),
    ...(quiet ? ['addrgenmode', 'none'] : []),
    ...(up === undefined ? [] : [up ? 'up' : 'down']),
  ];
}

function verb(kind: `${'add' | 'delete'}-${string}`): 'add' | 'del' {
  return kind.startsWith('add') ? 'add' : 'del';
}
