/** A guest's first file system: what it needs to reach the host's, in the order in which it is needed. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { archive } from '../../../../src/apply/sandbox/vm/cpio.ts';
import { initramfs } from '../../../../src/apply/sandbox/vm/initramfs.ts';
import { programs, temporary, unpackKernel } from './fakes.ts';

const { path } = vi.hoisted(() => {
  const folder = `/tmp/packetwalk-unit-path-${process.pid}`;
  process.env.PACKETWALK_PATH = `${folder}:/usr/bin:/bin`;
  return { path: folder };
});

beforeEach(() => {
  mkdirSync(path, { recursive: true });
  programs({ busybox: 'a static one' }, path);
});
afterAll(() => execFileSync('rm', ['-r', path]));

interface Read {
  readonly name: string;
  readonly mode: number;
  readonly content: Buffer;
}

/** As the kernel reads it: linux init/initramfs.c, do_header(), do_name(), do_copy(). */
function readArchive(bytes: Buffer): Read[] {
  const entries: Read[] = [];
  for (let offset = 0; ; ) {
    expect(bytes.toString('latin1', offset, offset + 6)).toBe('070701');
    const field = (index: number) =>
      Number.parseInt(bytes.toString('latin1', offset + 6 + index * 8, offset + 14 + index * 8), 16);
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const name = bytes.toString('utf8', offset + 110, offset + 110 + nameSize - 1);
    const start = offset + Math.ceil((110 + nameSize) / 4) * 4;
    if (name === 'TRAILER!!!') return entries;
    entries.push({ name, mode, content: bytes.subarray(start, start + size) });
    offset = start + Math.ceil(size / 4) * 4;
  }
}

function kernel() {
  const folder = unpackKernel(temporary(), '6.1');
  return { release: '6.1', image: `${folder}/boot/vmlinuz-6.1`, modules: `${folder}/lib/modules` };
}

async function entriesOf(
  given: ReturnType<typeof kernel>,
  program: readonly string[] = ['/usr/bin/node'],
): Promise<Read[]> {
  return readArchive(await initramfs(given, program));
}

describe('an archive', () => {
  it('is read back as it was written, whatever the lengths', () => {
    const files = Array.from({ length: 9 }, (_, length) => ({
      name: 'n'.repeat(length + 1),
      content: 'c'.repeat(length),
    }));
    expect(readArchive(archive(files)).map(({ name, content }) => ({ name, content: String(content) }))).toEqual(files);
  });

  it('knows folders, files and programs', () => {
    const entries = archive([
      { name: 'bin' },
      { name: 'bin/sh', content: '', executable: true },
      { name: 'text', content: 'ü' },
    ]);
    expect(readArchive(entries).map(({ name, mode }) => [name, mode.toString(8)])).toEqual([
      ['bin', '40755'],
      ['bin/sh', '100755'],
      ['text', '100644'],
    ]);
  });
});

describe('the first file system', () => {
  it('has its folders before what is in them, a shell, and where it begins', async () => {
    const entries = await entriesOf(kernel());
    const names = entries.map(({ name }) => name);
    expect(names.indexOf('modules')).toBeLessThan(names.indexOf('modules/9p.ko'));
    expect(String(entries.find(({ name }) => name === 'bin/busybox')?.content)).toContain('a static one');
    expect(entries.find(({ name }) => name === 'init')?.mode.toString(8)).toBe('100755');
  });

  it('loads every module after those it needs', async () => {
    const init = String((await entriesOf(kernel())).find(({ name }) => name === 'init')!.content);
    const modules = /^for module in (.*?); do/m
      .exec(init)![1]!
      .split(' ')
      .map((name) => name.replace(/^modules\/|\.ko$/g, ''));
    expect(modules).toEqual(['virtio', 'virtio_pci', 'virtio_console', '9pnet', '9pnet_virtio', '9p', 'overlay']);
  });

  it('has packed modules unpacked, under the name they then have', async () => {
    const given = kernel();
    const folder = join(given.modules, '6.1');
    renameSync(join(folder, 'kernel/fs/9p/9p.ko'), join(folder, 'kernel/fs/9p/9p.ko.gz'));
    writeFileSync(join(folder, 'kernel/fs/9p/9p.ko.gz'), gzipSync('machine code'));
    execFileSync('sed', ['-i', 's,fs/9p/9p.ko:,fs/9p/9p.ko.gz:,', join(folder, 'modules.dep')]);
    const entries = await entriesOf(given);
    expect(String(entries.find(({ name }) => name === 'modules/9p.ko')?.content)).toBe('machine code');
  });

  it('does not break, or run anything else, for what paths are called', async () => {
    const program = ['/it\'s a "folder"/$(touch x)/node', 'guest.js'];
    const init = String((await entriesOf(kernel(), program)).find(({ name }) => name === 'init')!.content);
    execFileSync('sh', ['-n'], { input: init });
    /** The last line hands the rest to a shell as one word: what that shell is given is a script as well. */
    const last = init
      .slice(init.indexOf('exec $bb switch_root'))
      .replace('exec $bb switch_root /root /bin/sh -c', 'printf %s');
    const rest = execFileSync('sh', ['-c', last]);
    execFileSync('sh', ['-n'], { input: rest });
    const line = /^cat <&3 \| \{ (.*) >&3; echo b/m.exec(String(rest))![1]!;
    expect(String(execFileSync('sh', ['-c', `printf '%s\\n' ${line}`]))).toBe(`${program.join('\n')}\n`);
  });

  it('finds the modules of a folder that is reached by a link, which would lead elsewhere in there', async () => {
    const given = kernel();
    const link = join(temporary(), 'link');
    symlinkSync(given.modules, link);
    const init = String((await entriesOf({ ...given, modules: link })).find(({ name }) => name === 'init')!.content);
    expect(init).toContain(`mount --bind '/host${given.modules}' /root/lib/modules`);
  });

  it('is refused a shell that needs libraries', async () => {
    programs({ busybox: '/lib64/ld-linux-x86-64.so.2' }, path);
    await expect(initramfs(kernel(), ['node'])).rejects.toMatchObject({
      message: expect.stringContaining('needs libraries'),
      remedy: 'sudo apt-get install busybox-static',
    });
  });
});
