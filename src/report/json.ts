/** The JSON result: one object for a whole run, with a version. Its shape is the schema below; a test holds them together. */
import * as z from 'zod';
import { answersIn, formatStep, placesOf } from '../judge/match.ts';
import type { LabResult } from '../judge/result.ts';
import { totalsOf } from '../judge/result.ts';
import type { Verdict } from '../judge/verdict.ts';
import { formatUrl } from '../model/url.ts';
import { ENCAPSULATIONS, OUTCOMES, REJECTIONS } from '../parse/schema/check.ts';
import { type ProbeResult, RELAYS } from '../probe/probe.ts';
import type { Walk } from '../stitch/walk.ts';

/** Raised when a field changes its meaning or goes; new fields do not raise it. */
export const RESULT_VERSION = 1;

const rewrite = z.strictObject({
  at: z.string(),
  kind: z.enum(['dnat', 'snat', 'un-dnat', 'un-snat']),
  from: z.string(),
  to: z.string(),
});

const tuple = z.strictObject({ source: z.string(), destination: z.string() });
const relay = z.strictObject({
  at: z.string(),
  program: z.enum(RELAYS),
  serves: z
    .string()
    .describe('Whose connections it relays: `default/web:http`, `container/host1/web:80`, `default-web-80`.'),
  from: tuple.describe('The connection that ends here, as the process has it.'),
  to: tuple.describe('The one it opened, which begins here.'),
  connected: z.boolean(),
  failed: z
    .array(z.strictObject({ endpoint: z.string(), failure: z.string() }))
    .optional()
    .describe('Attempts before it.'),
});

const hop = z.strictObject({
  place: z.string(),
  interface: z.string().describe('`socket`: between the application and the first or last interface.'),
  direction: z.enum(['in', 'out', 'through']).describe('`through`: a bridge the packet crossed.'),
  packet: z.strictObject({
    protocol: z.string(),
    source: z.string(),
    destination: z.string(),
    info: z.string(),
    ttl: z.int(),
    length: z.int(),
  }),
  encapsulation: z
    .strictObject({
      as: z.enum(ENCAPSULATIONS),
      source: z.string(),
      destination: z.string(),
      vni: z.int().optional(),
      sourcePort: z.int().optional(),
      port: z.int().optional(),
      rewrites: z
        .array(rewrite)
        .optional()
        .describe('What was done to the outer packet before it left, by connection tracking.'),
    })
    .optional(),
  relay: relay
    .optional()
    .describe(
      "A process (kube-proxy in mode userspace, docker-proxy, an Ingress controller's nginx) took the connection and opened this hop's.",
    ),
  rewrites: z
    .array(rewrite)
    .optional()
    .describe('What happened at this place between the hop before, or the relay, and this one.'),
  sinceStart: z.number().describe('Nanoseconds since the first hop.'),
  frame: z.strictObject({ namespace: z.string(), index: z.int() }).optional(),
});

const way = {
  outcome: z.enum(OUTCOMES),
  endpoint: z.string().optional(),
  endpointAddress: z.string().optional(),
  sourceSeen: z.string().optional(),
  path: z.array(z.string()),
  whoHas: z
    .array(z.string())
    .optional()
    .describe("Who answered when somebody on the way asked who has the destination's address."),
  rejection: z.strictObject({ by: z.string(), with: z.enum(REJECTIONS) }).optional(),
  lastSeen: z.string().optional(),
  redirects: z
    .array(z.strictObject({ by: z.string(), told: z.string(), destination: z.string(), via: z.string() }))
    .optional()
    .describe('Who told a sender of a better next hop (ICMP redirect).'),
  hops: z.array(hop),
  replyHops: z.array(hop),
  name: z.string().optional().describe('The name that the sender resolved.'),
  question: z
    .strictObject({ name: z.string(), type: z.string() })
    .optional()
    .describe('What a nameserver was asked by this packet.'),
  status: z.string().optional().describe('Its reply: `NOERROR`, `NXDOMAIN`.'),
  http: z
    .strictObject({
      url: z.string(),
      status: z.int().optional(),
      location: z.string().optional(),
      certificate: z.array(z.string()).optional(),
    })
    .optional()
    .describe('The URL that was asked for, and the answer.'),
  answers: z
    .array(z.string())
    .optional()
    .describe('Its answers of the type that was asked for, as `dig +short` prints them.'),
};

const observedWalk = z.strictObject({
  ...way,
  queries: z.array(z.strictObject(way)).optional().describe('The questions before it, each a walk.'),
  spread: z
    .record(z.string(), z.int())
    .optional()
    .describe('Connections per endpoint, or per outcome where none was reached.'),
});

const checkResult = z.strictObject({
  name: z.string(),
  step: z.string().optional().describe('The step it was made after; left out: before all of them.'),
  file: z.string(),
  line: z.int(),
  from: z.string().optional(),
  to: z.string().optional(),
  on: z.string().optional().describe('The connection it was sent over, which an earlier check had opened.'),
  at: z.string().optional(),
  verdict: z.enum(['pass', 'fail', 'inconclusive', 'skipped']),
  reason: z.string(),
  expected: z.record(z.string(), z.unknown()).describe('The expectations, references resolved.'),
  because: z.string().optional().describe('Why other modes expect something else.'),
  mismatches: z.array(z.strictObject({ field: z.string(), expected: z.string(), observed: z.string() })),
  observed: z.union([observedWalk, z.strictObject({ listings: z.record(z.string(), z.string()) })]).optional(),
  durationMs: z.number(),
});

const labResult = z.strictObject({
  file: z.string(),
  name: z.string(),
  cni: z.string(),
  proxy: z.string(),
  sandbox: z.string(),
  kernel: z.string(),
  faults: z.array(z.string()),
  checks: z.array(checkResult),
  problem: z
    .strictObject({
      message: z.string(),
      remedy: z.string().optional(),
      step: z.string().optional().describe('The step that could not be taken; left out: the lab could not be built.'),
    })
    .optional(),
  command: z.string().optional().describe('Tests this lab again.'),
  capture: z
    .string()
    .optional()
    .describe('File that holds the packets, with --capture-dir; with steps, one for each look.'),
  durationMs: z.number(),
});

export const resultSchema = z.strictObject({
  version: z.literal(RESULT_VERSION),
  labs: z.array(labResult),
  totals: z.strictObject({
    labs: z.int(),
    checks: z.int(),
    passed: z.int(),
    failed: z.int(),
    inconclusive: z.int(),
    skipped: z.int(),
    durationMs: z.number(),
  }),
});

export type JsonResult = z.infer<typeof resultSchema>;

export function toJson(results: readonly LabResult[], durationMs: number): JsonResult {
  return { version: RESULT_VERSION, labs: results.map(labToJson), totals: totalsOf(results, durationMs) };
}

function labToJson({ verdicts, faults, problem, ...lab }: LabResult): JsonResult['labs'][number] {
  return { ...lab, faults: [...faults], checks: verdicts.map(verdictToJson), ...(problem && { problem }) };
}

function verdictToJson(result: Verdict): JsonResult['labs'][number]['checks'][number] {
  const { check, verdict, reason, mismatches, durationMs } = result;
  const base = {
    name: check.name,
    ...(check.step !== undefined && { step: check.step }),
    file: check.origin.file,
    line: check.origin.line,
    verdict,
    reason,
    mismatches: [...mismatches],
    ...(check.because !== undefined && { because: check.because }),
    durationMs,
  };
  if (result.kind === 'state') {
    const expected = Object.fromEntries(result.check.listings.map(({ name, ...listing }) => [name, listing]));
    return { ...base, at: result.check.at, expected, observed: { listings: { ...result.listings } } };
  }
  return {
    ...base,
    from: result.check.from.place,
    to: result.check.to.text,
    ...(result.check.on !== undefined && { on: result.check.on }),
    expected: { ...result.check.expect },
    ...(result.walk && {
      observed: { ...walkToJson(result.walk), ...(result.spread && { spread: { ...result.spread } }) },
    }),
  };
}

export function walkToJson(walk: Walk): z.infer<typeof observedWalk> {
  const { outcome, endpoint, endpointAddress, sourceSeen, whoHas, rejection, lastSeen, redirects } = walk;
  const { hops, replyHops, probe, queries } = walk;
  const { name, question, http, result } = probe;
  return structuredClone({
    outcome,
    ...(endpoint !== undefined && { endpoint }),
    ...(endpointAddress !== undefined && { endpointAddress }),
    ...(sourceSeen !== undefined && { sourceSeen }),
    path: placesOf(hops).map(formatStep),
    ...(whoHas && { whoHas }),
    ...(rejection && { rejection }),
    ...(lastSeen && { lastSeen: formatStep(lastSeen) }),
    ...(redirects && { redirects }),
    hops,
    replyHops,
    ...(name !== undefined && { name }),
    ...(question && { question, answers: answersIn(walk) }),
    ...(result.kind === 'answered' && result.reply && { status: result.reply.status }),
    ...(http && { http: { url: formatUrl(http), ...(result.kind === 'answered' && answerOf(result)) } }),
    ...(queries && { queries: queries.map(walkToJson) }),
  }) as z.infer<typeof observedWalk>;
}

function answerOf({ status, location, certificate }: Extract<ProbeResult, { kind: 'answered' }>) {
  return {
    ...(status !== undefined && { status }),
    ...(location !== undefined && { location }),
    ...(certificate && { certificate }),
  };
}
