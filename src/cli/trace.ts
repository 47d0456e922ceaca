/** packetwalk trace: one connection, hop by hop, in a lab of its own or in a running one. */
import type { Command } from 'commander';
import { buildLab, type Lab } from '../agent/lab.ts';
import type { KernelState } from '../compile/kernel-state.ts';
import type { ConnectionCheck } from '../model/check.ts';
import { DEFAULT_TIMEOUT_MS } from '../model/checks.ts';
import type { Place } from '../model/cluster.ts';
import { DestinationError, isName, resolveDestination } from '../model/destination.ts';
import { Places } from '../model/place.ts';
import { type FamilyName, familyNamed, isIpv6 } from '../net/address.ts';
import type { Protocol } from '../net/port.ts';
import { trace } from '../pipeline.ts';
import { walkToJson } from '../report/json.ts';
import { formatDuration } from '../report/layout.ts';
import { formatTrace, formatUnread } from '../report/trace-text.ts';
import { connectionsOf, type TrackedConnections } from '../stitch/conntrack.ts';
import { type Walk, Wiring } from '../stitch/index.ts';
import { balancingsOf } from '../stitch/ipvs.ts';
import { type RulesAtPlace, rulesOf, unreadRules } from '../stitch/rules.ts';
import { type InputOptions, readLab, type SandboxChoice, sandboxesOf } from './input.ts';
import { chooseLab, placeIn, refuseForRunningLab, resume } from './labs.ts';
import { colors, EXIT, note, print, UsageError } from './output.ts';

export interface Options extends InputOptions, SandboxChoice {
  readonly lab?: string;
  readonly rules?: boolean;
  readonly protocol?: Protocol;
  readonly family?: FamilyName;
  readonly size?: number;
  readonly ttl?: number;
  readonly source?: string;
  readonly output: string;
}

export async function run(from: string, to: string, options: Options, command: Command): Promise<number> {
  if (!options.file) {
    refuseForRunningLab(command, "of the trace's own");
    const lab = await resume(await chooseLab(options.lab));
    try {
      return await traceIn(lab, from, to, options);
    } finally {
      lab.agent.close();
    }
  }
  const input = await readLab({ ...options, dns: isName(to) });
  if (!input) return EXIT.input;
  const check = checkOf(input, from, to, options);
  const sandboxes = sandboxesOf(options, note);
  try {
    const lab = await buildLab(input.cluster, input.state, await sandboxes.for(input.state));
    return await show(lab, check, options).finally(() => lab.close());
  } finally {
    await sandboxes.close();
  }
}

function traceIn(lab: Lab, from: string, to: string, options: Options): Promise<number> {
  return show(lab, checkOf(lab, from, to, options), options);
}

/** The command line as a check without expectations. */
export function checkOf(
  { cluster, state }: Pick<Lab, 'cluster' | 'state'>,
  from: string,
  to: string,
  options: Pick<Options, 'namespace' | 'source' | 'protocol' | 'family' | 'size' | 'ttl'>,
): ConnectionCheck {
  const sender = placeIn({ cluster }, from, options.namespace);
  if (options.source !== undefined) assertOwn(options.source, sender, state);
  try {
    const family = options.family && familyNamed(options.family);
    const places = new Places(cluster, options.namespace);
    const { protocol, ...destination } = resolveDestination(to, cluster, places, family);
    return {
      kind: 'connection',
      name: `${from} → ${to}`,
      from: {
        place: sender.place,
        protocol: protocol ?? options.protocol ?? 'TCP',
        ...(options.source !== undefined && { ip: options.source }),
        ...(options.size !== undefined && { size: options.size }),
        ...(options.ttl !== undefined && { ttl: options.ttl }),
      },
      to: destination,
      connections: 1,
      timeoutMs: DEFAULT_TIMEOUT_MS,
      origin: { file: '<command line>', line: 1 },
    };
  } catch (error) {
    if (error instanceof DestinationError) throw new UsageError(error.message, error.help);
    throw error;
  }
}

function assertOwn(source: string, { place, netns }: Place, { namespaces }: KernelState): void {
  const addresses = namespaces.find(({ name }) => name === netns)?.addresses ?? [];
  const own = addresses.map(({ address }) => address.replace(/\/.*/, ''));
  if (source !== LOOPBACK && !own.includes(source))
    throw new UsageError(`${place} has no address ${source}`, `it has ${own.join(', ')}`);
}

const LOOPBACK = '127.0.0.1';

async function show(lab: Lab, check: ConnectionCheck, options: Options): Promise<number> {
  const started = performance.now();
  const { walks, watched } = await trace(lab, check, options.rules === true);
  const walk = walks[0]!;
  const wiring = new Wiring(lab.state);
  const rules: RulesAtPlace[] = options.rules ? rulesOf(walk, watched.traces, wiring) : [];
  const unread = unreadRules(watched.traces, wiring);
  const balancings = balancingsOf(walk, watched.traces, wiring);
  const tracked = options.rules ? await trackedConnections(lab, walk) : [];
  if (options.output === 'json') {
    print(
      JSON.stringify(
        {
          version: 1,
          from: check.from.place,
          to: check.to.text,
          protocol: check.from.protocol,
          ...walkToJson(walk),
          ...(walk.doubt && { doubt: walk.doubt }),
          reason: walk.reason,
          ...(options.rules && { rules, unread, tracked, balancings }),
        },
        null,
        2,
      ),
    );
  } else {
    print(
      `${colors.bold(check.name)}  ${colors.dim(`${lab.cluster.proxy.mode} · ${lab.cluster.cni.mode} · ${formatDuration(performance.now() - started)}`)}`,
    );
    print(formatTrace(walk, rules, tracked, balancings, colors));
    for (const each of unread) print(`\n${colors.yellow(formatUnread(each))}`);
  }
  if (walk.doubt !== undefined || unread.length > 0 || walk.probe.result.kind === 'unsupported')
    return EXIT.environment;
  return walk.outcome === 'delivered' ? EXIT.ok : EXIT.failed;
}

/** conntrack's view on every node the walk passed. */
async function trackedConnections({ agent, cluster }: Lab, walk: Walk): Promise<TrackedConnections[]> {
  const family = isIpv6(walk.probe.remote.address) ? 'ipv6' : 'ipv4';
  const nodes = cluster.nodes.filter(({ place }) => walk.hops.some((hop) => hop.place === place));
  const found = await Promise.all(
    nodes.map(async ({ place, netns }) => {
      const { stdout } = await agent.call('run', { namespace: netns, argv: ['conntrack', '-L', '-f', family] });
      return {
        place,
        entries: connectionsOf(
          stdout,
          [...walk.hops, ...walk.replyHops].filter((hop) => hop.place === place),
        ),
      };
    }),
  );
  return found.filter(({ entries }) => entries.length > 0);
}
