/** packetwalk impair: makes links of a running lab slow, lossy or dead, and well again. */
import * as z from 'zod';
import { type LabRecord, writeRecord } from '../agent/registry.ts';
import { KernelError } from '../apply/kernel/errors.ts';
import type { KernelState } from '../compile/kernel-state.ts';
import { impair } from '../fault/impair.ts';
import type { ImpairedLink } from '../model/cluster.ts';
import { impairmentOf, impairmentProblem } from '../model/impaired-links.ts';
import { type Impairment, impairmentWords, isImpaired } from '../net/impairment.ts';
import { IMPAIRMENT } from '../parse/schema/topology.ts';
import { converge } from '../plan/converge.ts';
import { table } from '../report/layout.ts';
import { chooseLab, placeIn, resume } from './labs.ts';
import { EXIT, print, UsageError } from './output.ts';

export interface Options {
  readonly delay?: string;
  readonly jitter?: string;
  readonly loss?: string;
  readonly rate?: string;
  readonly down?: boolean;
  readonly up?: boolean;
  readonly reset?: boolean;
  readonly lab?: string;
  readonly namespace: string;
}

/** How a link is, or shall be. */
type Condition = Pick<ImpairedLink, 'place' | 'netns' | 'device' | 'impairment' | 'down'>;

export async function run(text: string | undefined, options: Options): Promise<number> {
  const change = changeOf(options);
  if (text === undefined && change && !options.reset)
    throw new UsageError('which interface?', 'packetwalk impair node/node1:eth0 --delay 20ms');
  const record = await chooseLab(options.lab);
  const lab = await resume(record);
  try {
    const links = text === undefined ? impairedLinks(record.state) : [linkIn(lab, record, text, options.namespace)];
    const wanted = change ? links.map(change) : links;
    if (change) await carryOut(wanted, record, lab);
    print(format(wanted));
    return EXIT.ok;
  } finally {
    lab.agent.close();
  }
}

/** What the options make of a link's condition; undefined when they ask for nothing. */
function changeOf(options: Options): ((link: Condition) => Condition) | undefined {
  const { down, up, reset } = options;
  const given = impairmentOf(valuesOf(options));
  if (!isImpaired(given) && !down && !up && !reset) return undefined;
  if (down && up) throw new UsageError('--down or --up?', 'leave one out');
  return (link) => {
    const impairment = withoutZeros({ ...(reset ? {} : link.impairment), ...given });
    const problem = impairmentProblem(impairment);
    if (problem !== undefined) throw new UsageError(problem);
    return { ...link, impairment, down: down ?? (up || reset ? false : link.down) };
  };
}

function valuesOf({ delay, jitter, loss, rate }: Options): z.infer<typeof VALUES> {
  const values = VALUES.safeParse({ delay, jitter, loss, rate });
  if (values.success) return values.data;
  const [issue] = values.error.issues;
  throw new UsageError(`--${String(issue!.path[0])} ${issue!.message}`);
}

const VALUES = z.object(IMPAIRMENT);

/** Nothing of something is how one takes it back. */
function withoutZeros(impairment: Impairment): Impairment {
  return Object.fromEntries(Object.entries(impairment).filter(([, value]) => value !== 0));
}

async function carryOut(
  wanted: readonly Condition[],
  record: LabRecord,
  { agent }: Awaited<ReturnType<typeof resume>>,
): Promise<void> {
  const { state } = record;
  const changed = impair(state, wanted).state;
  await agent.call('apply', converge(state, changed)).catch((error: unknown) => {
    if (!(error instanceof KernelError) || !error.details.command.includes(' netem ')) throw error;
    const remedy = `a virtual machine has it: packetwalk down ${record.name}, then up with --sandbox vm`;
    throw new KernelError({ ...error.details, code: 'unsupported', cause: 'this kernel has no netem', remedy });
  });
  writeRecord({ ...record, state: changed });
}

function impairedLinks({ namespaces }: KernelState): Condition[] {
  return namespaces.flatMap(({ name: netns, place, links }) =>
    links.flatMap(({ name: device, impairment = {}, up }) =>
      place === undefined || (up && !isImpaired(impairment)) ? [] : [{ place, netns, device, impairment, down: !up }],
    ),
  );
}

/** What plugins have made is theirs. */
function linkIn(
  lab: Awaited<ReturnType<typeof resume>>,
  { state }: LabRecord,
  text: string,
  namespace: string,
): Condition {
  const [name = '', device = ''] = text.split(/:(.*)/s);
  const { place, netns } = placeIn(lab, name, namespace);
  const links = state.namespaces.find((candidate) => candidate.name === netns)!.links;
  const link = links.find((candidate) => candidate.name === device);
  if (!link) {
    const own =
      links.length === 0
        ? 'what it has is made by plugins'
        : `it has ${links.map((candidate) => candidate.name).join(', ')}`;
    if (device === '') throw new UsageError(`which interface of ${place}?`, own);
    throw new UsageError(`${place} has no interface ${device}`, own);
  }
  return { place, netns, device, impairment: link.impairment ?? {}, down: !link.up };
}

function format(links: readonly Condition[]): string {
  if (links.length === 0) return 'no link is impaired';
  return table(
    links.map(({ place, device, impairment, down }) => [
      `${place}:${device}`,
      [...(down ? ['down'] : []), ...impairmentWords(impairment)].join(' ') || 'unimpaired',
    ]),
  ).join('\n');
}
