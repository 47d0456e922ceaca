/** A plan as a shell script that works on its own. */
import type { DaemonProgram } from '../compile/daemon.ts';
import type { Relay } from '../compile/relay.ts';
import type { Speaker } from '../compile/speaker.ts';
import type { UdpTunnel } from '../compile/udp-tunnel.ts';
import { formatOrigin } from '../diagnostic.ts';
import { formatPort, socketAddress } from '../net/port.ts';
import { commandOf, passThroughWords } from './command.ts';
import type { Operation, Plan } from './operation.ts';
import { PLUGIN_FUNCTIONS, pluginCommands } from './plugin-script.ts';
import { shellWord } from './shell.ts';

/** A plan that a lab is changed by. */
export interface StepPlan extends Plan {
  readonly name: string;
}

/** The same plan gives the same bytes. Comments name the manifest line a group of commands comes from. */
export function formatScript({ operations }: Plan, name: string, steps: readonly StepPlan[] = []): string {
  const all = [...operations, ...steps.flatMap((step) => step.operations)];
  const preamble = all.some(({ kind }) => kind === 'add-to-network') ? PLUGIN_FUNCTIONS : '';
  const later = steps.map((step, index) => `${stepHeading(step, index + 1)}${formatOperations(step.operations)}`);
  return `${header(name, steps.length)}${preamble}${formatOperations(operations)}${later.join('')}`;
}

/** The script ends here unless it was told to go on. */
function stepHeading({ name }: StepPlan, number: number): string {
  return `\n# ─── step ${number}: ${comment(name)}\n[ "\${1:-0}" -ge ${number} ] || exit 0\n`;
}

function formatOperations(operations: readonly Operation[]): string {
  const lines: string[] = [];
  let title = '';
  let origin = '';
  for (const operation of operations) {
    if (titleOf(operation) !== title) {
      title = titleOf(operation);
      origin = '';
      lines.push('', `# ${title}`);
    }
    if (formatOrigin(operation.origin) !== origin) {
      origin = formatOrigin(operation.origin);
      lines.push(`#   ${comment(origin)}`);
    }
    lines.push(shellCommand(operation));
  }
  return `${lines.join('\n')}\n`;
}

function header(name: string, steps: number): string {
  return `#!/bin/sh
# Builds the lab ${comment(name)}: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \\
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
${steps > 0 ? '# With a number as its argument it takes so many of its steps as well.\n' : ''}set -eu
`;
}

function titleOf(operation: Operation): string {
  return operation.kind === 'set-daemon' ? DAEMON_TITLES[operation.program] : TITLES[operation.kind];
}

const DAEMON_TITLES: Record<DaemonProgram, string> = {
  bird: 'BIRD, which brings routes to other machines',
  nginx: 'nginx, which serves Ingresses',
};

const TITLES: Record<Exclude<Operation['kind'], 'set-daemon'>, string> = {
  'add-namespace': 'namespaces',
  'delete-namespace': 'namespaces to remove',
  'set-sysctl': 'kernel settings',
  'add-link': 'links',
  'add-tun': 'TUN devices, for whoever may open /dev/net/tun',
  'set-wireguard': 'WireGuard keys and peers, by wireguard-tools',
  'set-link': 'link state',
  'set-port': 'bridge ports',
  'set-impairment': 'impaired links',
  'delete-link': 'links to remove',
  'add-address': 'addresses',
  'delete-address': 'addresses to remove',
  'add-route': 'routes',
  'delete-route': 'routes to remove',
  'add-neighbour': 'neighbours',
  'delete-neighbour': 'neighbours to remove',
  'add-fdb': 'forwarding entries',
  'delete-fdb': 'forwarding entries to remove',
  'load-rules': 'rules',
  'retire-server': 'real servers to retire',
  'delete-stale-flows': 'connections of UDP to forget, as kube-proxy does',
  'set-relays': 'processes, which have to run for the rules above to lead somewhere; this script does not start them',
  'set-pass-throughs': 'what load balancers pass on to nodes; this script checks the health of none',
  'set-speaker': "MetalLB's speakers, of which one answers for each address; this script does not start them",
  'add-to-network': 'CNI plugins, each called with the result of the one before it',
  'delete-from-network': 'CNI plugins that take back what they did',
  'collect-garbage': 'CNI plugins that forget what is no longer valid',
  'set-tunnels': 'flanneld, which has to run for the routes above to lead somewhere; this script does not start it',
};

function shellCommand(operation: Operation): string {
  if (operation.kind === 'set-relays') return processComment(operation.namespace, operation.relays.flatMap(relayLines));
  if (operation.kind === 'set-tunnels')
    return processComment(operation.namespace, operation.tunnels.flatMap(tunnelLines));
  if (operation.kind === 'set-pass-throughs')
    return operation.passThroughs
      .map((each) => passThroughWords(operation.namespace, each).map(shellWord).join(' '))
      .join('\n');
  if (operation.kind === 'set-speaker')
    return processComment(operation.namespace, operation.speaker ? speakerLines(operation.speaker) : []);
  if (operation.kind === 'add-to-network') return pluginCommands(operation.namespace, operation.attachment);
  const { argv, stdin } = commandOf(operation);
  const command = argv.map(shellWord).join(' ');
  if (stdin === undefined) return command;
  const end = endOf(stdin);
  return `${command} <<'${end}'\n${stdin}${end}`;
}

/** What a process does, for whoever wants to put one there. */
function processComment(namespace: string, lines: readonly string[]): string {
  return [`#   ${namespace}:`, ...lines.map((line) => `#     ${line}`)].map(comment).join('\n');
}

function relayLines({ program, serves, protocol, address, port, endpoints, held }: Relay): string[] {
  return [
    `${program} listens on ${address === undefined ? '' : `${address}:`}${formatPort({ port, protocol })} and relays ${serves} to ${endpoints.map(({ address, port }) => socketAddress(address, port)).join(', ') || 'nobody'}${endpoints.length > 1 ? ', in turn' : ''}`,
    ...held.map(
      ({ address, port }) =>
        `${program} holds ${address === undefined ? '' : `${address}:`}${formatPort({ port, protocol })}`,
    ),
  ];
}

function tunnelLines({ device, local, subnets }: UdpTunnel): string[] {
  return [
    `opens ${device} and listens on ${socketAddress(local.address, local.port)}/UDP`,
    ...subnets.map(
      ({ to, via }) =>
        `sends what is for ${to} to ${socketAddress(via.address, via.port)}, a packet a datagram, TTL - 1`,
    ),
    `writes what comes into ${device}, TTL - 1`,
  ];
}

function speakerLines({ devices, local, announcements }: Speaker): string[] {
  return [
    `tells the others that it is alive, and hears that of them, on ${socketAddress(local.address, local.port)}/UDP`,
    ...announcements.map(
      ({ address, nodes }) =>
        `answers ARP for ${address} by ${devices.map(({ name }) => name).join(', ')} if elected: ${nodes.join(', ') || 'nobody'} may be`,
    ),
  ];
}

/** A word that no line of the text is. */
function endOf(text: string): string {
  const lines = new Set(text.split('\n'));
  let word = 'EOF';
  while (lines.has(word)) word += '_';
  return word;
}

/** A comment ends with its line: control characters are written as escapes. */
function comment(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => encodeURIComponent(character));
}
