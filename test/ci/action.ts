/** action.yml, and a runner for the steps of it that are shell: as GitHub's own runner does it, on this machine. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';

export interface Step {
  readonly id?: string;
  readonly if?: string;
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly shell?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

interface Action {
  readonly inputs: Readonly<Record<string, { readonly description: string; readonly default: string }>>;
  readonly outputs: Readonly<Record<string, { readonly value: string }>>;
  readonly runs: { readonly using: string; readonly steps: readonly Step[] };
}

export const ACTION_TEXT = readFileSync('action.yml', 'utf8');
export const ACTION = parse(ACTION_TEXT) as Action;

export function stepOf(id: string): Step {
  return ACTION.runs.steps.find((step) => step.id === id)!;
}

/** A job on a runner: its folders, and the files by which steps speak to the runner. */
export class Job {
  readonly #folder = mkdtempSync('/tmp/packetwalk-job-');
  readonly workspace = this.#subfolder('workspace');
  /** Programs that are found before the machine's own. */
  readonly programs = this.#subfolder('programs');
  readonly #action: string;

  /** `action`: where the action's repository is. */
  constructor(action: string) {
    this.#action = action;
    for (const name of ['output', 'summary']) writeFileSync(join(this.#folder, name), '');
  }

  run(step: Step, inputs: Readonly<Record<string, string>> = {}) {
    const script = join(this.#folder, 'step.sh');
    writeFileSync(script, step.run!);
    /** actions/runner, ScriptHandlerHelpers: what `shell: bash` stands for. */
    return spawnSync('bash', ['--noprofile', '--norc', '-eo', 'pipefail', script], {
      cwd: this.workspace,
      encoding: 'utf8',
      timeout: 100_000,
      env: {
        PATH: `${this.programs}:${process.env.PATH}`,
        HOME: process.env.HOME,
        GITHUB_WORKSPACE: this.workspace,
        GITHUB_ACTION_PATH: this.#action,
        GITHUB_OUTPUT: join(this.#folder, 'output'),
        GITHUB_STEP_SUMMARY: join(this.#folder, 'summary'),
        RUNNER_TEMP: this.#subfolder('temp'),
        ...evaluated(step.env ?? {}, inputs),
      },
    });
  }

  /** What steps have set, the last of a name. */
  get outputs(): Record<string, string> {
    const lines = readFileSync(join(this.#folder, 'output'), 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]));
  }

  get summary(): string {
    return readFileSync(join(this.#folder, 'summary'), 'utf8');
  }

  #subfolder(name: string): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }
}

/** Environment variables of a step; an input not given has its default. */
function evaluated(
  env: Readonly<Record<string, string>>,
  inputs: Readonly<Record<string, string>>,
): Record<string, string> {
  const value = (text: string) => {
    const name = /^\$\{\{ inputs\.([a-z]+) \}\}$/.exec(text)?.[1];
    if (name === undefined || !(name in ACTION.inputs)) throw new Error(`${text} is no input`);
    return inputs[name] ?? ACTION.inputs[name]!.default;
  };
  return Object.fromEntries(Object.entries(env).map(([name, text]) => [name, value(text)]));
}
