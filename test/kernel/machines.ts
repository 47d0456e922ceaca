/** What the tests of virtual machines share. */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import { SandboxError } from '../../src/apply/sandbox/error.ts';
import { findKernel } from '../../src/apply/sandbox/vm/kernel.ts';
import { assertPrograms } from '../../src/apply/sandbox/vm/machine.ts';
import { type Finished, marked, packetwalk, startPacketwalk, until } from './tools.ts';

export const FILE = 'topologies/nodeport-snat.yaml';
/** A machine that is busy with other things boots slowly. */
export const BOOT_MS = 180_000;
export const isRoot = process.getuid?.() === 0;

/** Why there are no virtual machines here; undefined when there are. In CI there must be. */
async function obstacle(): Promise<string | undefined> {
  try {
    assertPrograms();
    await findKernel();
    return undefined;
  } catch (error) {
    if (process.env.CI || !(error instanceof SandboxError)) throw error;
    return `${error.message}: ${error.remedy}`;
  }
}

const reason = await obstacle();
export const noMachines = reason !== undefined;
/** To be put behind the name of tests that are left out then. */
export const leftOut = reason === undefined ? '' : `, left out: ${reason}`;

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the tests of a file. */
export function temporary(): string {
  const folder = mkdtempSync('/tmp/packetwalk-vm-test-');
  folders.push(folder);
  return folder;
}

/** A user's environment of which nobody else knows: what is left of a run is seen in it. */
export class Place {
  readonly #mark = marked();
  readonly temporary = temporary();
  readonly runtime = temporary();
  readonly env: Record<string, string> = {
    ...this.#mark.env,
    TMPDIR: this.temporary,
    XDG_RUNTIME_DIR: this.runtime,
  };

  call(...args: string[]): Promise<Finished> {
    return packetwalk(args, { env: this.env, timeoutMs: BOOT_MS });
  }

  start(...args: string[]): ReturnType<typeof startPacketwalk> {
    return startPacketwalk(args, this.env);
  }

  /** The process whose command line holds this word. */
  find(word: string): number | undefined {
    return this.#mark.processes().find(({ command }) => command.includes(word) && !command.startsWith('setpriv'))?.pid;
  }

  /** Neither a process nor a file, and no lab anybody knows of. */
  async expectNothingLeft(): Promise<void> {
    await until(this.#mark.processes, (left) => left.length === 0, 20_000);
    expect(readdirSync(this.temporary)).toEqual([]);
    expect(await this.call('ls')).toMatchObject({ code: 0, stdout: 'no lab is running\n' });
    const labs = join(this.runtime, 'packetwalk');
    expect(existsSync(labs) ? readdirSync(labs) : []).toEqual([]);
  }
}

/** Text that may have been broken at blanks. */
export function unwrapped(text: string): string {
  return text.replace(/\s+/g, ' ');
}
