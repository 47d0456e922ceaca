/**
 * The first file system of a guest: busybox, a few modules, and a script that joins the host's file system, read-only,
 * with a layer in memory, and starts the guest's program on it.
 *
 *   initramfs ─ modules ─ / of the host by 9p, read-only ─┐
 *                                            tmpfs above ─┴─ overlay: the guest's root
 */
import { readFileSync, realpathSync } from 'node:fs';
import { basename, join } from 'node:path';
import { findProgram } from '../../kernel/command.ts';
import { SandboxError } from '../error.ts';
import { archive, type Entry } from './cpio.ts';
import type { GuestKernel } from './kernel.ts';
import { GUEST_MODULES, moduleFiles } from './modules.ts';
import { PACKED, unpacked } from './packings.ts';

/** What the guest is told besides its file system: names of virtio devices. */
export const ROOT_TAG = 'packetwalk-root';
export const PORT_NAME = 'packetwalk';
/** Begins the line on the console by which a guest says why it cannot go on. */
export const COMPLAINT = 'packetwalk: ';
/** Begins the line that says how far it is, followed by the seconds since its kernel began to count. */
export const MILESTONE = 'packetwalk at ';

const FOLDERS = ['bin', 'modules', 'proc', 'sys', 'dev', 'host', 'memory', 'root'];

/** The archive for a kernel, and the program that its guest runs. */
export async function initramfs(kernel: GuestKernel, program: readonly string[]): Promise<Buffer> {
  const modules = await Promise.all(
    moduleFiles(kernel, GUEST_MODULES).map(async (path): Promise<Entry> => {
      const bytes = readFileSync(path);
      return { name: `modules/${basename(path).replace(PACKED, '')}`, content: (await unpacked(bytes)) ?? bytes };
    }),
  );
  return archive([
    ...FOLDERS.map((name) => ({ name })),
    { name: 'bin/busybox', content: busybox(), executable: true },
    ...modules,
    { name: 'init', content: stage1(kernel, modules, program), executable: true },
  ]);
}

/** Only one that needs no libraries runs there. */
function busybox(): Buffer {
  const path = findProgram(['busybox']);
  const bytes = readFileSync(path);
  if (/\/ld-(linux|musl)/.test(bytes.toString('latin1', 0, 4096)))
    throw new SandboxError(
      `${path} needs libraries; virtual machines need a static one`,
      'sudo apt-get install busybox-static',
    );
  return bytes;
}

/** Modules are loaded by hand, in order: busybox's modprobe would want the whole folder. */
function stage1(kernel: GuestKernel, modules: readonly Entry[], program: readonly string[]): string {
  return `#!/bin/busybox sh
bb=/bin/busybox
fail() { echo "${COMPLAINT}$*"; $bb sleep 0.5; $bb reboot -f; }
at() { read -r uptime rest < /proc/uptime; echo "${MILESTONE}$1: $uptime"; }
$bb mount -t proc proc /proc && $bb mount -t sysfs sysfs /sys && $bb mount -t devtmpfs dev /dev || fail "no /proc, /sys or /dev"
at kernel
for module in ${modules.map(({ name }) => name).join(' ')}; do $bb insmod /$module || fail "$module cannot be loaded"; done
at modules
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=524288 ${ROOT_TAG} /host || fail "the host's file system cannot be mounted"
$bb mount -t tmpfs tmpfs /memory && $bb mkdir /memory/upper /memory/work
$bb mount -t overlay -o lowerdir=/host,upperdir=/memory/upper,workdir=/memory/work overlay /root || fail "no layer can be laid over the host's file system"
for folder in dev proc sys; do $bb mkdir -p /root/$folder; $bb mount --move /$folder /root/$folder; done
for link in fd stdin:fd/0 stdout:fd/1 stderr:fd/2; do $bb ln -s /proc/self/\${link#*:} /root/dev/\${link%:*}; done
$bb mkdir -p /root/dev/pts /root/lib/modules /root/run /root/tmp
$bb mount -t devpts devpts /root/dev/pts
$bb mount --bind ${quoted(join('/host', realpathSync(kernel.modules)))} /root/lib/modules || fail "QEMU cannot read all folders on the way to ${kernel.modules}"
$bb mount -t tmpfs tmpfs /root/run
$bb hostname packetwalk
exec $bb switch_root /root /bin/sh -c ${quoted(stage2(program))}
`;
}

/**
 * The port can be opened once only: one program reads it, the other end of the pipe answers. Whatever the guest's program
 * ends by ends the guest.
 */
function stage2(program: readonly string[]): string {
  return [
    'export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    `at() { read -r uptime rest < /proc/uptime; echo "${MILESTONE}$1: $uptime"; }`,
    'at "file system"',
    /** What nothing in a lab asks the kernel to load, or what has settings or a device file before something does. */
    'modprobe -a br_netfilter nf_conntrack ip_vs tun',
    'at network',
    /** A socket for each port that a lab serves. */
    'ulimit -n 1048576',
    `for port in /sys/class/virtio-ports/*; do [ "$(cat "$port/name")" = ${PORT_NAME} ] && device=/dev/$(basename "$port"); done`,
    'exec 3<>"$device"',
    `cat <&3 | { ${program.map(quoted).join(' ')} >&3; echo b > /proc/sysrq-trigger; }`,
  ].join('\n');
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
