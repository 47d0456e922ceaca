/**
 * The image of a kernel that boots fastest. An emulated processor needs seconds to unpack what xz unpacks here in half of
 * one, and QEMU boots an unpacked image directly, by its PVH entry.
 *
 *   vmlinuz   setup code with a header, and the packed vmlinux (linux Documentation/arch/x86/boot.rst)
 *   vmlinux   ELF, whose note says where PVH begins (xen/include/public/elfnote.h, XEN_ELFNOTE_PHYS32_ENTRY)
 */
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs';
import { KernelError } from '../../kernel/errors.ts';
import type { GuestKernel } from './kernel.ts';
import { unpacked } from './packings.ts';

/** Where vmlinuz has what, in bytes from its beginning. */
const SETUP_SECTORS = 0x1f1;
const MAGIC = 0x202;
const PROTOCOL = 0x206;
const RELEASE = 0x20e;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const SECTOR = 512;
const HEADER = 0x250;
/** The pointer to the release counts from here. */
const RELEASE_BASE = 0x200;
/** The payload's place is told from boot protocol 2.08 on. */
const PAYLOAD_PROTOCOL = 0x0208;
/** The size of what is packed follows the stream, which programs take for garbage. */
const SIZE_AFTER_STREAM = 4;
/** Setup code is at most 64 sectors long. */
const SETUP_BYTES = 64 * SECTOR;

/** A path, or the image itself. */
export async function bootImage({ image }: GuestKernel): Promise<string | Buffer> {
  const beside = unpackedImage(image);
  if (existsSync(beside)) return beside;
  return (await unpackImage(image)) ?? image;
}

/** Where the unpacked image is kept, when it is. */
export function unpackedImage(image: string): string {
  return image.replace(/vmlinuz(?=[^/]*$)/, 'vmlinux');
}

/** The ELF image in a vmlinuz; undefined when QEMU cannot boot it, or there is nothing here to unpack it with. */
export async function unpackImage(path: string): Promise<Buffer | undefined> {
  const vmlinuz = readFileSync(path);
  if (!isVmlinuz(vmlinuz) || vmlinuz.readUInt16LE(PROTOCOL) < PAYLOAD_PROTOCOL) return undefined;
  const start = (vmlinuz[SETUP_SECTORS]! + 1) * SECTOR + vmlinuz.readUInt32LE(PAYLOAD_OFFSET);
  const end = start + vmlinuz.readUInt32LE(PAYLOAD_LENGTH) - SIZE_AFTER_STREAM;
  try {
    const elf = await unpacked(vmlinuz.subarray(start, end));
    return elf && hasPvhEntry(elf) ? elf : undefined;
  } catch (error) {
    if (error instanceof KernelError) return undefined;
    throw error;
  }
}

/** The release in the header of a vmlinuz, as `uname -r` will have it; undefined when it is no such image. */
export function releaseOf(path: string): string | undefined {
  const head = Buffer.alloc(SETUP_BYTES);
  const file = openSync(path, 'r');
  const bytes = readSync(file, head);
  closeSync(file);
  if (!isVmlinuz(head.subarray(0, bytes))) return undefined;
  const start = RELEASE_BASE + head.readUInt16LE(RELEASE);
  return /^[^\s\0]+/.exec(head.toString('latin1', start, start + 128))?.[0];
}

function isVmlinuz(bytes: Buffer): boolean {
  return bytes.length >= HEADER && bytes.toString('latin1', MAGIC, MAGIC + 4) === 'HdrS';
}

const PT_NOTE = 4;
const PHYS32_ENTRY = 18;

function hasPvhEntry(elf: Buffer): boolean {
  if (elf.toString('latin1', 0, 5) !== '\x7fELF\x02') return false;
  const table = Number(elf.readBigUInt64LE(0x20));
  const size = elf.readUInt16LE(0x36);
  const headers = Array.from({ length: elf.readUInt16LE(0x38) }, (_, index) => table + index * size);
  return headers
    .filter((header) => elf.readUInt32LE(header) === PT_NOTE)
    .some((header) => {
      const start = Number(elf.readBigUInt64LE(header + 0x08));
      return hasEntryNote(elf.subarray(start, start + Number(elf.readBigUInt64LE(header + 0x20))));
    });
}

/** Notes follow each other: lengths of name and description, type, name, description, each padded to 4 bytes. */
function hasEntryNote(notes: Buffer): boolean {
  for (let offset = 0; offset + 12 <= notes.length; ) {
    const [nameLength, length, type] = [0, 4, 8].map((field) => notes.readUInt32LE(offset + field)) as [
      number,
      number,
      number,
    ];
    const name = notes.toString('latin1', offset + 12, offset + 12 + nameLength);
    if (name === 'Xen\0' && type === PHYS32_ENTRY) return true;
    offset += 12 + padded(nameLength) + padded(length);
  }
  return false;
}

function padded(length: number): number {
  return Math.ceil(length / 4) * 4;
}
