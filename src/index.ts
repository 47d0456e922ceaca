/**
 * packetwalk as a library: every stage of the pipeline, and the verbs that join them.
 *
 *   const { prepared } = prepare([{ name: 'web.yaml', text }], { name: 'web', namespace: 'default' });
 *   const result = await test(prepared, { file: 'web.yaml', sandboxes: new Sandboxes() });
 */
export { buildLab, type Lab, type Watched, watch } from './agent/lab.ts';
export { Sandboxes, type SandboxOptions } from './agent/sandboxes.ts';
export { SandboxError } from './apply/sandbox/error.ts';
export type { SandboxKind } from './apply/sandbox/namespaces.ts';
export { compile, type KernelState } from './compile/index.ts';
export { decode, type Frame, PcapError } from './decode/index.ts';
export { type Diagnostic, Diagnostics, formatDiagnostic, InputError } from './diagnostic.ts';
export { FAULTS, injectFault, injectFaults } from './fault/index.ts';
export { judgeConnections, judgeState, type Verdict } from './judge/index.ts';
export { exitCodeOf, type LabResult, totalsOf } from './judge/result.ts';
export type { Check, ConnectionCheck, Expectation, StateCheck } from './model/check.ts';
export type { Cluster } from './model/cluster.ts';
export { model } from './model/index.ts';
export { type Manifest, parse, type Source } from './parse/index.ts';
export { examine, matrix, type Prepared, pairs, prepare, test, trace } from './pipeline.ts';
export { converge } from './plan/converge.ts';
export { plan } from './plan/index.ts';
export { formatScript } from './plan/script.ts';
export { toGithub } from './report/github.ts';
export { type JsonResult, toJson } from './report/json.ts';
export { toJunit } from './report/junit.ts';
export { toPcapng } from './report/pcapng.ts';
export { toTap } from './report/tap.ts';
export { formatLab } from './report/text.ts';
export { evidenceOf, stitch, type Walk, Wiring } from './stitch/index.ts';
export { type OpenTopology, openTopology } from './vitest/open.ts';
