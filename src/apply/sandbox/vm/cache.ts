/** The folder for what is expensive to get and safe to lose: unpacked kernels, and how a machine is best started. */
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { dirname, isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { tryLock } from '../../kernel/libc.ts';
import { SandboxError } from '../error.ts';

/** `~/.cache/packetwalk`, or below XDG_CACHE_HOME, which counts when it is absolute (XDG Base Directory Specification). */
export function cacheFolder(...names: string[]): string {
  const { XDG_CACHE_HOME: chosen = '' } = process.env;
  return join(isAbsolute(chosen) ? chosen : join(homedir(), '.cache'), 'packetwalk', ...names);
}

/** A remembered value; undefined when there is none that can be read. */
export function recall<T>(name: string): T | undefined {
  try {
    return JSON.parse(readFileSync(cacheFolder(name), 'utf8')) as T;
  } catch {
    return undefined;
  }
}

/** Remembers a value. A cache that cannot be written is no error: next time it is found out again. */
export function remember(name: string, value: unknown): void {
  const path = cacheFolder(name);
  try {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.${process.pid}`, JSON.stringify(value));
    renameSync(`${path}.${process.pid}`, path);
  } catch {}
}

const UNFINISHED = '.unfinished-';
const LOCK = '.lock';
const RETRY_MS = 100;

/**
 * Adds to a folder of the cache, one process at a time. `action` works in a folder of its own within, and moves what it has
 * made out of it when it is whole. What processes that were killed have left goes first. Throws a SandboxError when the
 * folder cannot be written.
 */
export async function adding<T>(
  folder: string,
  waiting: () => void,
  action: (unfinished: string) => Promise<T>,
): Promise<T> {
  const lock = openLock(folder);
  try {
    for (let tries = 0; !tryLock(lock); tries++) {
      if (tries === 0) waiting();
      await delay(RETRY_MS);
    }
    removeUnfinished(folder);
    const unfinished = mkdtempSync(join(folder, UNFINISHED));
    const clean = () => remove(unfinished);
    process.once('exit', clean);
    try {
      return await action(unfinished);
    } finally {
      process.off('exit', clean);
      clean();
    }
  } finally {
    closeSync(lock);
  }
}

/** Removes what processes that were killed have left in a folder of the cache, unless somebody is adding to it. */
export function sweep(folder: string): void {
  if (unfinishedIn(folder).length === 0) return;
  let lock: number;
  try {
    lock = openLock(folder);
  } catch {
    return;
  }
  if (tryLock(lock)) removeUnfinished(folder);
  closeSync(lock);
}

/** What is in a folder of the cache, as far as it can be read, and whole. */
export function namesIn(folder: string): string[] {
  return everythingIn(folder).filter((name) => !name.startsWith('.'));
}

function unfinishedIn(folder: string): string[] {
  return everythingIn(folder).filter((name) => name.startsWith(UNFINISHED));
}

function everythingIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function removeUnfinished(folder: string): void {
  for (const name of unfinishedIn(folder)) remove(join(folder, name));
}

/** What cannot be removed now is next time. */
function remove(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {}
}

function openLock(folder: string): number {
  try {
    mkdirSync(folder, { recursive: true });
    return openSync(join(folder, LOCK), 'w');
  } catch (error) {
    throw new SandboxError(
      `the cache cannot be written: ${(error as Error).message}`,
      'set XDG_CACHE_HOME to a folder of your own',
    );
  }
}
