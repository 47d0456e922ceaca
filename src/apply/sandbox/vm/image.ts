/**
 * The bootable image of a kernel, unpacked: an emulated processor needs seconds for what xz does here in half of one. QEMU
 * boots an ELF image by its PVH entry (linux Documentation/arch/x86/boot.rst, XEN_ELFNOTE_PHYS32_ENTRY).
 */
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { runChecked } from '../../kernel/command.ts';
import { cacheFolder } from './cache.ts';
import type { GuestKernel } from './kernel.ts';

/** Fields of the setup header, from boot protocol 2.08 on. */
const SETUP_SECTORS = 0x1f1;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR = 512;

/** First bytes of a payload, and the program that unpacks it. */
const FORMATS = [
  { magic: 'fd377a58', suffix: '.xz', program: 'xz' },
  { magic: '28b52ffd', suffix: '.zst', program: 'zstd' },
  { magic: '1f8b', suffix: '.gz', program: 'gzip' },
] as const;

/** The unpacked image, from the cache or made for it; the packed one where the kernel has no such entry, or is packed in another way. */
export async function bootImage({ image, release }: GuestKernel): Promise<string> {
  const { mtimeMs, size } = statSync(image);
  const cached = cacheFolder('images', `${release}-${size}-${Math.floor(mtimeMs)}`);
  if (existsSync(cached)) return cached;
  if (!hasEntry(image)) return image;
  const file = readFileSync(image);
  const start = (file[SETUP_SECTORS]! + 1) * SECTOR + file.readUInt32LE(PAYLOAD_OFFSET);
  /** The size of what is packed follows the stream, which some programs take for garbage. */
  const payload = file.subarray(start, start + file.readUInt32LE(PAYLOAD_LENGTH) - 4);
  const format = FORMATS.find(({ magic }) => payload.toString('hex', 0, magic.length / 2) === magic);
  if (!format) return image;
  mkdirSync(cacheFolder('images'), { recursive: true });
  const own = `${cached}.${process.pid}`;
  writeFileSync(`${own}${format.suffix}`, payload);
  await runChecked([format.program, '--decompress', '--force', `${own}${format.suffix}`], { timeoutMs: 120_000 });
  renameSync(own, cached);
  return cached;
}

/** The kernel's configuration stands beside its image. */
function hasEntry(image: string): boolean {
  try {
    return /^CONFIG_PVH=y$/m.test(readFileSync(image.replace(/vmlinuz-([^/]+)$/, 'config-$1'), 'utf8'));
  } catch {
    return false;
  }
}
