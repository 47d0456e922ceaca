/** One call of a CNI plugin: found on its path, run on its node, and what it prints taken for what it is. */
import { accessSync, constants, statSync } from 'node:fs';
import { join } from 'node:path';
import type { PluginCall, PluginNetwork } from '../../compile/attachment.ts';
import { classify, KernelError, type KernelErrorDetails } from '../kernel/errors.ts';
import { runOnNode } from './node.ts';
import { describeError, errorIn, excerptOf } from './result.ts';

export type PluginCommand = 'ADD' | 'DEL' | 'CHECK' | 'STATUS' | 'GC' | 'VERSION';

export interface Invocation {
  readonly command: PluginCommand;
  /** The namespace of the node. */
  readonly node: string;
  readonly call: PluginCall;
  readonly network: PluginNetwork;
  /** The variables of the specification; undefined: those of a command that is about no pod. */
  readonly environment?: Readonly<Record<string, string>>;
  /** What the plugin reads. */
  readonly input: object;
  /** For whom, if for a pod. */
  readonly place?: string;
}

const PACKAGE = 'sudo apt-get install containernetworking-plugins';

/** What the plugin printed. Throws a KernelError for a plugin that is missing, fails, or does not finish. */
export async function callPlugin(invocation: Invocation): Promise<string> {
  const { command, node, network, input } = invocation;
  const program = findPlugin(invocation);
  const environment = invocation.environment ?? { CNI_COMMAND: command, CNI_PATH: network.path.join(':') };
  const ended = await runOnNode(node, {
    argv: [program],
    stdin: JSON.stringify(input),
    environment,
    timeoutMs: network.timeoutMs,
  });
  if (ended.late)
    throw pluginError(invocation, {
      code: 'timeout',
      cause: `not finished after ${network.timeoutMs / 1000} s, and stopped`,
    });
  const { exitCode, stdout, stderr } = ended;
  if (exitCode === 0) return stdout;
  const error = errorIn(stdout);
  if (error)
    throw pluginError(invocation, { ...classify(error.msg), cause: describeError(error), ...remedyFor(error.msg) });
  const printed = excerptOf(stdout) || excerptOf(stderr);
  const words = printed === '' ? 'and it printed nothing' : `and it printed no error object but: ${printed}`;
  throw pluginError(invocation, { ...classify(printed), cause: `exit code ${exitCode}, ${words}` });
}

/** An error that names the command, for whom it was, and where the plugin stands in the network configuration. */
export function pluginError(
  { command, node, call, network, place }: Invocation,
  details: Pick<KernelErrorDetails, 'code' | 'cause' | 'remedy'>,
): KernelError {
  const what = place === undefined ? '' : `${place} on network ${network.name}: `;
  return new KernelError({
    ...details,
    cause: `${what}${details.cause}`,
    command: `CNI_COMMAND=${command} ${call.plugin}`,
    namespace: node,
    origin: call.origin,
  });
}

function findPlugin(invocation: Invocation): string {
  const { call, network } = invocation;
  const found = network.path.map((folder) => join(folder, call.plugin)).find(isFile);
  if (found === undefined)
    throw pluginError(invocation, {
      code: 'missing-tool',
      cause: `there is no plugin ${call.plugin} in ${network.path.join(', ')}`,
      remedy: PACKAGE,
    });
  try {
    accessSync(found, constants.X_OK);
  } catch {
    throw pluginError(invocation, {
      code: 'permission',
      cause: `${found} is not executable`,
      remedy: `chmod +x ${found}`,
    });
  }
  return found;
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}

/** Plugins call others: for addresses, for one. */
function remedyFor(msg: string): { remedy?: string } {
  return /failed to find plugin/.test(msg) ? { remedy: PACKAGE } : {};
}
