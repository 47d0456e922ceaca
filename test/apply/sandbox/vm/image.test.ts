/** QEMU boots the unpacked image where it can; where it cannot, the packed one as it is. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bootImage, releaseOf, unpackedImage, unpackImage } from '../../../../src/apply/sandbox/vm/image.ts';
import { elf, temporary, vmlinuz } from './fakes.ts';

const RELEASE = '6.1.0-56-amd64';

function file(bytes: Buffer, name = `vmlinuz-${RELEASE}`): string {
  const path = join(temporary(), name);
  writeFileSync(path, bytes);
  return path;
}

function kernelOf(image: string) {
  return { release: RELEASE, image, modules: '/lib/modules' };
}

/** Passes bytes through a program; undefined where it is not installed. */
function packer(program: string): ((bytes: Buffer) => Buffer) | undefined {
  const pack = (bytes: Buffer) => execFileSync(program, ['-c'], { input: bytes, stdio: ['pipe', 'pipe', 'ignore'] });
  try {
    pack(Buffer.from('x'));
    return pack;
  } catch {
    return undefined;
  }
}

const PACKERS = { gzip: gzipSync, xz: packer('xz'), zstd: packer('zstd') };

describe('an image packed by', () => {
  it.each(Object.entries(PACKERS))('%s is unpacked', async (_, pack) => {
    if (!pack) return;
    const image = elf(true);
    expect((await unpackImage(file(vmlinuz(RELEASE, pack(image)))))?.equals(image)).toBe(true);
  });

  it('anything else boots as it is', async () => {
    const path = file(vmlinuz(RELEASE, Buffer.from('\x02\x21\x4c\x18lz4', 'latin1')));
    expect(await unpackImage(path)).toBeUndefined();
    expect(await bootImage(kernelOf(path))).toBe(path);
  });
});

describe('an image boots as it is', () => {
  const CASES: Record<string, Buffer> = {
    'without a PVH entry': vmlinuz(RELEASE, gzipSync(elf(false))),
    'when what is packed is no ELF image': vmlinuz(RELEASE, gzipSync(Buffer.from('a script'))),
    'when its header does not say where the packed one is': vmlinuz(RELEASE, gzipSync(elf(true)), { protocol: 0x206 }),
    'when the packed one is damaged': vmlinuz(
      RELEASE,
      Buffer.concat([Buffer.from('fd377a585a00', 'hex'), Buffer.alloc(40)]),
    ),
    'when the packed one is cut off': vmlinuz(RELEASE, gzipSync(elf(true)).subarray(0, 60)),
    'when it is no vmlinuz': Buffer.alloc(4096),
  };

  it.each(Object.keys(CASES))('%s', async (name) => {
    const path = file(CASES[name]!);
    expect(await bootImage(kernelOf(path))).toBe(path);
  });
});

describe('an unpacked image', () => {
  it('is taken from beside the packed one', async () => {
    const path = file(Buffer.from('not even looked at'));
    writeFileSync(unpackedImage(path), 'ELF');
    expect(await bootImage(kernelOf(path))).toBe(path.replace('vmlinuz', 'vmlinux'));
  });

  it('is called like the packed one, whatever its folder is called', () => {
    expect(unpackedImage('/vmlinuz-tests/boot/vmlinuz-6.1')).toBe('/vmlinuz-tests/boot/vmlinux-6.1');
  });
});

describe('the release of an image', () => {
  it('is what its header says, not its name', () => {
    expect(releaseOf(file(vmlinuz('6.12.111+deb12-amd64', Buffer.alloc(0)), 'bzImage'))).toBe('6.12.111+deb12-amd64');
  });

  it.each([Buffer.alloc(0), Buffer.from('short'), Buffer.alloc(100_000)])(
    'is not known of what is no image',
    (bytes) => {
      expect(releaseOf(file(bytes))).toBeUndefined();
    },
  );
});
