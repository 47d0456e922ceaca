/** The folder for what is expensive to get and safe to lose: unpacked kernels, and how a machine is best started. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';

/** `~/.cache/packetwalk`, or below XDG_CACHE_HOME (XDG Base Directory Specification). */
export function cacheFolder(...names: string[]): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'packetwalk', ...names);
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
