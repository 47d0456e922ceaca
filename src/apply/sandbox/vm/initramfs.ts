/**
 * The first file system of a guest: busybox, a few modules, and a script that joins the host's file system, read-only,
 * with a layer in memory, and starts the guest's program on it.
 *
 *   initramfs ─ modules ─ / of the host by 9p, read-only ─┐
 *                                            tmpfs above ─┴─ overlay: the guest's root
 */
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runChecked } from '../../kernel/command.ts';
import { SandboxError } from '../error.ts';
import type { GuestKernel } from './kernel.ts';
import { GUEST_MODULES, moduleFiles } from './modules.ts';

/** What the guest is told besides its file system: names of virtio devices. */
export const ROOT_TAG = 'packetwalk-root';
export const PORT_NAME = 'packetwalk';
/** Begins the line on the console by which a guest says why it cannot go on. */
export const COMPLAINT = 'packetwalk: ';

const BUSYBOX = '/bin/busybox';

/** Writes the file and returns its path. `folder` is the caller's, for this guest only. */
export async function writeInitramfs(kernel: GuestKernel, program: readonly string[], folder: string): Promise<string> {
  const root = join(folder, 'initramfs');
  for (const name of ['bin', 'modules', 'proc', 'sys', 'dev', 'host', 'memory', 'root'])
    mkdirSync(join(root, name), { recursive: true });
  copyFileSync(busybox(), join(root, 'bin/busybox'));
  const modules = moduleFiles(kernel, GUEST_MODULES);
  for (const path of modules) writeFileSync(join(root, 'modules', plainName(path)), await unpacked(path));
  writeFileSync(join(root, 'init'), script(kernel, modules.map(plainName), program), { mode: 0o755 });
  const { stdout: names } = await runChecked(['find', '.', '-mindepth', '1'], { folder: root });
  const path = join(folder, 'initramfs.cpio');
  await runChecked(['cpio', '--create', '--format=newc', '--owner=0:0', '--quiet', `--file=${path}`], {
    folder: root,
    stdin: names,
  });
  return path;
}

/** Only one that needs no libraries runs there. */
function busybox(): string {
  const problem = (what: string) => new SandboxError(what, 'sudo apt-get install busybox-static');
  let file: number;
  try {
    file = openSync(BUSYBOX, 'r');
  } catch {
    throw problem(`${BUSYBOX} is not installed`);
  }
  const head = Buffer.alloc(4096);
  readSync(file, head);
  closeSync(file);
  if (head.includes('/lib64/ld-linux')) throw problem(`${BUSYBOX} needs libraries; virtual machines need a static one`);
  return BUSYBOX;
}

function plainName(path: string): string {
  return basename(path).replace(/\.(xz|zst|gz)$/, '');
}

async function unpacked(path: string): Promise<Buffer> {
  if (path.endsWith('.gz')) return gunzipSync(readFileSync(path));
  const tool = path.endsWith('.xz') ? 'xz' : path.endsWith('.zst') ? 'zstd' : undefined;
  if (!tool) return readFileSync(path);
  return decompress(tool, path);
}

/** By way of a file: what programs print is read as text. */
async function decompress(tool: string, path: string): Promise<Buffer> {
  const folder = mkdtempSync(join(tmpdir(), 'packetwalk-module-'));
  try {
    const copy = join(folder, basename(path));
    copyFileSync(path, copy);
    await runChecked([tool, '--decompress', '--force', copy]);
    return readFileSync(join(folder, plainName(path)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Loaded by hand, in order: busybox's modprobe would want the whole folder. */
function script(kernel: GuestKernel, modules: readonly string[], program: readonly string[]): string {
  return `#!/bin/busybox sh
bb=/bin/busybox
fail() { echo "${COMPLAINT}$*"; $bb poweroff -f; }
$bb mount -t proc proc /proc && $bb mount -t sysfs sysfs /sys && $bb mount -t devtmpfs dev /dev || fail "no /proc, /sys or /dev"
for module in ${modules.join(' ')}; do $bb insmod /modules/$module || fail "module $module cannot be loaded"; done
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=524288 ${ROOT_TAG} /host || fail "the host's file system cannot be mounted"
$bb mount -t tmpfs tmpfs /memory && $bb mkdir /memory/upper /memory/work
$bb mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root || fail "no layer can be laid over the host's file system"
for folder in dev proc sys; do $bb mkdir -p /root/$folder; $bb mount --move /$folder /root/$folder; done
$bb mkdir -p /root/dev/pts /root/lib/modules /root/run /root/tmp
$bb mount -t devpts devpts /root/dev/pts
$bb mount --bind ${quoted(join('/host', kernel.modules))} /root/lib/modules || fail "the modules cannot be mounted"
$bb mount -t tmpfs tmpfs /root/run
exec $bb switch_root /root /bin/sh -c ${quoted(stage2(program))}
`;
}

/** The port can be opened once only: one program reads it, the other end of the pipe answers. */
function stage2(program: readonly string[]): string {
  return [
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    'echo 1 > /sys/kernel/rcu_expedited',
    /** What nothing in a lab asks the kernel to load, or what has settings that are made before something does. */
    'modprobe -a br_netfilter nf_conntrack ip_vs',
    `for port in /sys/class/virtio-ports/*; do [ "$(cat "$port/name")" = ${PORT_NAME} ] && device=/dev/$(basename "$port"); done`,
    'exec 3<>"$device"',
    `cat <&3 | ${program.map(quoted).join(' ')} >&3`,
    'echo o > /proc/sysrq-trigger; sleep 10',
  ].join('\n');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
