/** Kernels and programs for tests: as much of them as is looked at. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll } from 'vitest';

/** An ELF image of nothing, with the notes QEMU looks for, or without. */
export function elf(hasPvhEntry: boolean): Buffer {
  const note = (name: string, type: number, description: Buffer) => {
    const head = Buffer.alloc(12);
    for (const [index, value] of [name.length + 1, description.length, type].entries())
      head.writeUInt32LE(value, index * 4);
    const padded = (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
    return Buffer.concat([head, padded(Buffer.from(`${name}\0`)), padded(description)]);
  };
  const notes = Buffer.concat([
    note('GNU', 3, Buffer.alloc(20)),
    note('Linux', 257, Buffer.alloc(1)),
    ...(hasPvhEntry ? [note('Xen', 18, Buffer.alloc(8))] : [note('Xen', 6, Buffer.from('linux\0'))]),
  ]);
  const header = Buffer.alloc(0x40);
  header.write('\x7fELF\x02\x01\x01', 'latin1');
  header.writeBigUInt64LE(0x40n, 0x20);
  header.writeUInt16LE(0x38, 0x36);
  header.writeUInt16LE(2, 0x38);
  const segment = (type: number, offset: number, size: number) => {
    const entry = Buffer.alloc(0x38);
    entry.writeUInt32LE(type, 0);
    entry.writeBigUInt64LE(BigInt(offset), 0x08);
    entry.writeBigUInt64LE(BigInt(size), 0x20);
    return entry;
  };
  const start = 0x40 + 2 * 0x38;
  return Buffer.concat([header, segment(1, 0, start), segment(4, start, notes.length), notes]);
}

/** A vmlinuz whose header says which release it is, and where in it something packed is. */
export function vmlinuz(release: string, payload: Buffer, { protocol = 0x20f } = {}): Buffer {
  const setup = Buffer.alloc(5 * 512);
  setup.writeUInt8(4, 0x1f1);
  setup.write('HdrS', 0x202, 'latin1');
  setup.writeUInt16LE(protocol, 0x206);
  setup.writeUInt16LE(0x400 - 0x200, 0x20e);
  setup.write(`${release} (somebody@somewhere) #1 SMP\0`, 0x400, 'latin1');
  const before = Buffer.alloc(0x150, 0xcc);
  const size = Buffer.alloc(4);
  setup.writeUInt32LE(before.length, 0x248);
  setup.writeUInt32LE(payload.length + size.length, 0x24c);
  return Buffer.concat([setup, before, payload, size, Buffer.alloc(64, 0xdd)]);
}

/** Modules a guest needs, and what those need. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  'drivers/virtio/virtio_pci.ko': ['drivers/virtio/virtio.ko'],
  'drivers/virtio/virtio.ko': [],
  'drivers/char/virtio_console.ko': ['drivers/virtio/virtio.ko'],
  'net/9p/9pnet.ko': [],
  'net/9p/9pnet_virtio.ko': ['net/9p/9pnet.ko', 'drivers/virtio/virtio.ko'],
  'fs/9p/9p.ko': ['net/9p/9pnet.ko'],
  'fs/overlayfs/overlay.ko': [],
};

export interface FakeKernel {
  readonly image?: Buffer;
  /** Modules that it lacks. */
  readonly without?: readonly string[];
  /** depmod has not been run. */
  readonly unindexed?: boolean;
}

/** What a kernel's package holds, below a folder. */
export function unpackKernel(folder: string, release: string, options: FakeKernel = {}): string {
  const { image = vmlinuz(release, gzipSync(elf(true))), without = [], unindexed } = options;
  const modules = join(folder, 'lib/modules', release);
  mkdirSync(join(folder, 'boot'), { recursive: true });
  writeFileSync(join(folder, 'boot', `vmlinuz-${release}`), image);
  const names = Object.keys(MODULES).filter((path) => !without.some((name) => path.endsWith(`/${name}.ko`)));
  for (const name of names) {
    mkdirSync(join(modules, 'kernel', name, '..'), { recursive: true });
    writeFileSync(join(modules, 'kernel', name), name);
  }
  writeFileSync(join(modules, 'modules.builtin'), 'kernel/fs/ext4/ext4.ko\n');
  const lines = names.map(
    (name) => `kernel/${name}: ${MODULES[name]!.map((needed) => `kernel/${needed}`).join(' ')}\n`,
  );
  if (!unindexed) writeFileSync(join(modules, 'modules.dep'), lines.join(''));
  return folder;
}

/** A folder of programs, each a shell script. */
export function programs(scripts: Readonly<Record<string, string>>, folder = temporary()): string {
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return folder;
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A folder that is removed after the tests of a file. */
export function temporary(): string {
  const folder = mkdtempSync('/tmp/packetwalk-unit-');
  folders.push(folder);
  return folder;
}
