/** Kernel modules a guest needs before it has a file system, in an order in which they can be loaded. */
import { existsSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { GuestKernel } from './kernel.ts';

/** The serial port, the host's file system, and a writable layer above it. */
export const GUEST_MODULES = ['virtio_pci', 'virtio_console', '9pnet_virtio', '9p', 'overlay'] as const;

/** Which of the modules a kernel neither has built in nor as a file. */
export function missingModules(kernel: GuestKernel, names: readonly string[]): string[] {
  const index = readIndex(kernel);
  return names.filter((name) => !index.builtin.has(name) && !index.files.has(name));
}

/** Paths of the modules' files and of those they need, each once, dependencies first. */
export function moduleFiles(kernel: GuestKernel, names: readonly string[]): string[] {
  const { files, dependencies } = readIndex(kernel);
  const ordered = new Set<string>();
  const visit = (path: string): void => {
    for (const needed of dependencies.get(path) ?? []) visit(needed);
    ordered.add(path);
  };
  for (const name of names) {
    const path = files.get(name);
    if (path !== undefined) visit(path);
  }
  return [...ordered].map((path) => join(kernel.modules, kernel.release, path));
}

/** Whether depmod(8) has written down which modules there are and what they need. */
export function isIndexed({ modules, release }: GuestKernel): boolean {
  return existsSync(join(modules, release, 'modules.dep'));
}

interface Index {
  readonly builtin: ReadonlySet<string>;
  /** Path by name. */
  readonly files: ReadonlyMap<string, string>;
  readonly dependencies: ReadonlyMap<string, readonly string[]>;
}

/** modules.dep, as depmod writes it, and modules.builtin, which comes with the kernel; a name's `-` and `_` are the same. */
function readIndex({ modules, release }: GuestKernel): Index {
  const lines = (file: string) => {
    const path = join(modules, release, file);
    return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
  };
  const entries = lines('modules.dep').map((line) => {
    const [path = '', needed = ''] = line.split(':');
    return [path, needed.split(' ').filter(Boolean)] as const;
  });
  return {
    builtin: new Set(lines('modules.builtin').map(nameOf)),
    files: new Map(entries.map(([path]) => [nameOf(path), path])),
    /** depmod lists what is needed directly first: the deepest comes last. */
    dependencies: new Map(entries.map(([path, needed]) => [path, needed.toReversed()])),
  };
}

function nameOf(path: string): string {
  return basename(path)
    .replace(/\.ko(\.(xz|zst|gz))?$/, '')
    .replaceAll('-', '_');
}
