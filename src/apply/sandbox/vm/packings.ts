/** How kernels and their modules are packed. */
import { filter } from '../../kernel/command.ts';

/** First bytes of what is packed, and the program that unpacks it. */
const PACKINGS = [
  { magic: 'fd377a585a00', program: 'xz' },
  { magic: '28b52ffd', program: 'zstd' },
  { magic: '1f8b08', program: 'gzip' },
] as const;

/** The endings of packed files, as kernel modules have them. */
export const PACKED = /\.(xz|zst|gz)$/;

/** What is packed; undefined when it is not, or in another way. Throws a KernelError when it cannot be unpacked here. */
export async function unpacked(bytes: Buffer): Promise<Buffer | undefined> {
  const packing = PACKINGS.find(({ magic }) => bytes.toString('hex', 0, magic.length / 2) === magic);
  return packing && filter([packing.program, '--decompress', '--stdout'], bytes);
}
