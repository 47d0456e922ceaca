/** A node as a program finds it that runs there: its network, and a /var/lib of its own. */
import { mkdirSync, rmSync } from 'node:fs';
import { ON_NODE } from '../../compile/attachment.ts';
import { run } from '../kernel/command.ts';
import { inside } from '../kernel/namespaces.ts';

/** What nodes have in /var/lib, a folder each. */
const FOLDER = '/run/nodes';

/** With the node goes what was kept there. */
export function forgetNode(namespace: string): void {
  rmSync(`${FOLDER}/${namespace}`, { recursive: true, force: true });
}

export interface NodeCommand {
  readonly argv: readonly string[];
  readonly stdin: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
}

export type Ended =
  | { readonly late: false; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  | { readonly late: true };

/** Time to end after being asked to. */
const GRACE_S = 1;
/** timeout(1): ended by SIGTERM, and by SIGKILL. */
const LATE = [124, 137];

/** Runs a program on a node to its end, or to the end of its time: then all it has started is stopped with it. */
export async function runOnNode(
  namespace: string,
  { argv, stdin, environment, timeoutMs }: NodeCommand,
): Promise<Ended> {
  const lib = `${FOLDER}/${namespace}`;
  mkdirSync(lib, { recursive: true });
  const limit = ['timeout', `--kill-after=${GRACE_S}`, String(timeoutMs / 1000)];
  const started = performance.now();
  const options = { stdin, environment, namespace, timeoutMs: timeoutMs + 10_000 };
  const { exitCode, stdout, stderr } = await inside(namespace, () =>
    run([...limit, ...ON_NODE, lib, ...argv], options),
  );
  const late = LATE.includes(exitCode) && performance.now() - started >= timeoutMs;
  return late ? { late } : { late: false, exitCode, stdout, stderr };
}
