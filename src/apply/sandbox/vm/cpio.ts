/** Archives as the kernel unpacks them before it has a file system (linux Documentation/driver-api/early-userspace/buffer-format.rst). */

export interface Entry {
  readonly name: string;
  /** Left out: a folder. */
  readonly content?: Uint8Array | string;
  readonly executable?: boolean;
}

const FOLDER = 0o040755;
const FILE = 0o100644;
const PROGRAM = 0o100755;

/** In format "newc". A folder comes before what is in it. */
export function archive(entries: readonly Entry[]): Buffer {
  const parts = entries.flatMap(({ name, content, executable }, index) => {
    const mode = content === undefined ? FOLDER : executable ? PROGRAM : FILE;
    return record(index + 1, mode, name, Buffer.from(content ?? ''));
  });
  return Buffer.concat([...parts, ...record(0, 0, 'TRAILER!!!', Buffer.alloc(0))]);
}

/** Magic number and 13 fields of 8 hexadecimal digits; header with name, and content, are padded to 4 bytes. */
function record(inode: number, mode: number, name: string, content: Buffer): Buffer[] {
  const [links, owner, group, time, device] = [1, 0, 0, 0, 0];
  const fields = [inode, mode, owner, group, links, time, content.length, device, device, device, device];
  const header = [...fields, Buffer.byteLength(name) + 1, 0].map((field) => field.toString(16).padStart(8, '0'));
  return [padded(Buffer.from(`070701${header.join('')}${name}\0`)), padded(content)];
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
}
