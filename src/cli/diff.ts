/** packetwalk diff: the same connections in two modes, side by side. */
import { buildLab, type Lab } from '../agent/lab.ts';
import type { Sandboxes } from '../agent/sandboxes.ts';
import type { ConnectionCheck } from '../model/check.ts';
import type { CniMode, ProxyMode } from '../model/cluster.ts';
import type { FamilyName } from '../net/address.ts';
import { CNI_MODES } from '../parse/schema/cni.ts';
import { PROXY_MODES } from '../parse/schema/proxy.ts';
import { type Prepared, prepare, trace } from '../pipeline.ts';
import { formatUnread } from '../report/trace-text.ts';
import { compareWalks, formatDifference, type ModeWalk, type WalkDifference } from '../report/walk-diff.ts';
import { Wiring } from '../stitch/index.ts';
import { rulesOf, unreadRules } from '../stitch/rules.ts';
import { report } from './diagnostics.ts';
import {
  expandPaths,
  type InputOptions,
  prepareOptions,
  readSources,
  type SandboxChoice,
  sandboxesOf,
  selector,
  someOf,
  unique,
} from './input.ts';
import { COLUMNS, colors, EXIT, note, print, UsageError } from './output.ts';
import { checkOf } from './trace.ts';

export interface Options extends InputOptions, SandboxChoice {
  readonly test?: string;
  readonly family?: FamilyName;
  readonly output: string;
}

/** Who answers behind a Service is chance in most modes: among as many connections, two with the same endpoint are found. */
const CONNECTIONS = 8;
/** One after the other: the rules of packets that come together are harder to tell apart. */
const INTERVAL_MS = 30;

export async function run(from: string | undefined, to: string | undefined, options: Options): Promise<number> {
  const sides = prepareSides(options);
  if (!sides) return EXIT.input;
  const connections = connectionsOf(sides[0].prepared, from, to, options);
  const sandboxes = sandboxesOf(options, note);
  try {
    const [first, second] = await Promise.all(sides.map((side) => walksOf(side, connections, sandboxes)));
    const differences = connections.map((_, index) => difference(first![index]!.walks, second![index]!.walks));
    show(differences, options.output);
    const unread = new Set([...first!, ...second!].flatMap((found) => found.unread));
    for (const text of unread) note(text);
    return unread.size === 0 ? EXIT.ok : EXIT.environment;
  } finally {
    await sandboxes.close();
  }
}

/** A topology in one combination of modes; `modes` is what tells it from the other. */
interface Side {
  readonly modes: string;
  readonly prepared: Prepared;
}

/** The two combinations that are asked for; undefined after errors of the input have been shown. */
function prepareSides(options: Options): [Side, Side] | undefined {
  const sources = readSources(expandPaths(options.file ?? []));
  const proxies: readonly (ProxyMode | undefined)[] = someOf('--proxy', options.proxy ?? [], PROXY_MODES);
  const plugins: readonly (CniMode | undefined)[] = someOf('--cni', options.cni ?? [], CNI_MODES);
  const combinations = orOwn(proxies).flatMap((proxy) => orOwn(plugins).map((cni) => ({ proxy, cni })));
  if (combinations.length !== 2)
    throw new UsageError(
      `two combinations of modes are compared, and here ${combinations.length === 1 ? 'is one' : `are ${combinations.length}`}`,
      '--proxy iptables,nftables, or --cni vxlan,host-gw',
    );
  const { fault, ...rest } = options;
  const base = prepareOptions({ ...rest, cni: [], proxy: [], fault: fault ?? [] });
  const made = combinations.map((modes) => ({ modes, ...prepare(sources, { ...base, ...modes }) }));
  if (report(unique(made.flatMap(({ diagnostics }) => diagnostics)))) return undefined;
  const [first, second] = made.map(({ modes, prepared }) => ({
    modes: [proxies.length > 1 && modes.proxy, plugins.length > 1 && modes.cni].filter(Boolean).join(' · '),
    prepared: prepared!,
  }));
  return [first!, second!];
}

function orOwn<T>(modes: readonly T[]): readonly (T | undefined)[] {
  return modes.length === 0 ? [undefined] : modes;
}

/** The connection of the command line, or those of the topology's checks. */
function connectionsOf(
  prepared: Prepared,
  from: string | undefined,
  to: string | undefined,
  options: Options,
): ConnectionCheck[] {
  if (from !== undefined) {
    if (to === undefined)
      throw new UsageError('it is not said where the connection goes', 'packetwalk diff FROM TO -f FILE');
    return [checkOf(prepared, from, to, options)];
  }
  const select = selector(options.test);
  const found = prepared.cluster.checks.filter((check) => check.kind === 'connection').filter(select);
  if (found.length === 0)
    throw new UsageError(
      'no check of the topology sends anything',
      'name a connection: packetwalk diff FROM TO -f FILE',
    );
  return found;
}

async function walksOf(
  { modes, prepared: { cluster, state } }: Side,
  connections: readonly ConnectionCheck[],
  sandboxes: Sandboxes,
): Promise<Found[]> {
  const lab = await buildLab(cluster, state, await sandboxes.for(state));
  try {
    const found: Found[] = [];
    for (const connection of connections) found.push(await tracedWalks(lab, modes, connection));
    return found;
  } finally {
    await lab.close();
  }
}

/** The walks of a connection in some modes, and what of their rules is not known. */
interface Found {
  readonly walks: readonly ModeWalk[];
  readonly unread: readonly string[];
}

async function tracedWalks(lab: Lab, modes: string, connection: ConnectionCheck): Promise<Found> {
  const { connections, intervalMs = INTERVAL_MS } = connection;
  const repeated = { ...connection, connections: Math.max(connections, CONNECTIONS), intervalMs };
  const { walks, watched } = await trace(lab, repeated, true);
  const wiring = new Wiring(lab.state);
  return {
    walks: walks.map((walk) => ({ modes, walk, rules: rulesOf(walk, watched.traces, wiring) })),
    unread: unreadRules(watched.traces, wiring).map((each) => `${modes}: ${formatUnread(each)}`),
  };
}

/** Of two walks to the same endpoint, where there are such. */
function difference(first: readonly ModeWalk[], second: readonly ModeWalk[]): WalkDifference {
  for (const a of first) {
    const b = second.find(({ walk }) => walk.outcome === a.walk.outcome && walk.endpoint === a.walk.endpoint);
    if (b) return compareWalks(a, b);
  }
  return compareWalks(first[0]!, second[0]!);
}

function show(differences: readonly WalkDifference[], output: string): void {
  if (output === 'json') print(JSON.stringify({ version: 1, differences }, null, 2));
  else print(differences.map((each) => formatDifference(each, colors, COLUMNS)).join('\n\n'));
}
