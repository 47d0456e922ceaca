/** packetwalk exec: a program at a place of a running lab, with this terminal as its own. */
import type { AgentClient } from '../agent/client.ts';
import type { TerminalSize } from '../agent/protocol.ts';
import { SYSTEM_PATH } from '../apply/kernel/child.ts';
import { type Surroundings, surroundingsOf } from '../model/surroundings.ts';
import { unlessInterrupted } from './interrupt.ts';
import { chooseLab, placeIn, resume } from './labs.ts';

export interface Options {
  readonly lab?: string;
  readonly namespace: string;
}

export async function run(place: string, words: readonly string[], options: Options): Promise<number> {
  const command = words[0] === '--' ? words.slice(1) : words;
  const lab = await resume(await chooseLab(options.lab));
  try {
    const at = placeIn(lab, place, options.namespace);
    return await runAt(lab.agent, at.netns, command, surroundingsOf(lab.cluster, at));
  } finally {
    lab.agent.close();
  }
}

/** Runs a program in a namespace, passing input and output through; its exit code is returned. */
export async function runAt(
  agent: AgentClient,
  namespace: string,
  argv: readonly string[],
  surroundings?: Surroundings,
): Promise<number> {
  const { stdin, stdout, stderr } = process;
  const interactive = stdin.isTTY && stdout.isTTY;
  const environment = { ...definedOnly(process.env), PATH: SYSTEM_PATH };
  const execution = agent.exec(
    {
      namespace,
      argv,
      folder: process.cwd(),
      environment,
      ...(surroundings && { surroundings }),
      ...(interactive && { terminal: size() }),
    },
    (event) => ('stdout' in event ? stdout.write(event.stdout) : stderr.write(event.stderr)),
  );
  const resize = () => execution.type({ resize: size() });
  const type = (data: Buffer) => execution.type({ stdin: data });
  const end = () => execution.type({ end: true });
  /** The program decides what an interrupt means to it; its end is ours. */
  const interrupt = async (signal: 'SIGINT' | 'SIGTERM') => {
    execution.type({ signal });
    process.exit((await execution.result).exitCode);
  };
  if (interactive) {
    stdin.setRawMode(true);
    stdout.on('resize', resize);
  } else {
    stdin.on('end', end);
  }
  stdin.on('data', type);
  try {
    return await unlessInterrupted(interrupt, async () => (await execution.result).exitCode);
  } finally {
    if (interactive) {
      stdin.setRawMode(false);
      stdout.off('resize', resize);
    }
    stdin.off('data', type);
    stdin.off('end', end);
    stdin.pause();
    /** A terminal or pipe nobody reads any more must not keep the process; a file has nothing to let go of. */
    if ('unref' in stdin) stdin.unref();
  }
}

function size(): TerminalSize {
  return { columns: process.stdout.columns ?? 80, rows: process.stdout.rows ?? 24 };
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
