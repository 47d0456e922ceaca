/**
 * The C library through koffi: the system calls Node does not offer. Every call is checked; a failure throws a
 * SystemCallError. All calls are synchronous, on the calling thread: `setns` concerns that thread only.
 */
import { closeSync } from 'node:fs';
import koffi from 'koffi';
import { addressBytes, isIpv6, numberToAddress } from '../../net/address.ts';
import { SystemCallError } from './errors.ts';

const libc = koffi.load('libc.so.6');

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;
export const AF_INET = 2;
export const AF_INET6 = 10;
export const AF_NETLINK = 16;
const AF_PACKET = 17;
export const SOCK_STREAM = 1;
export const SOCK_DGRAM = 2;
export const SOCK_RAW = 3;
export const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const EINPROGRESS = 115;

const raw = {
  setns: libc.func('int setns(int fd, int nstype)'),
  unshare: libc.func('int unshare(int flags)'),
  mount: libc.func(
    'int mount(const char *source, const char *target, const char *type, unsigned long flags, const char *data)',
  ),
  umount2: libc.func('int umount2(const char *target, int flags)'),
  socket: libc.func('int socket(int domain, int type, int protocol)'),
  bind: libc.func('int bind(int fd, const void *address, uint length)'),
  listen: libc.func('int listen(int fd, int backlog)'),
  connect: libc.func('int connect(int fd, const void *address, uint length)'),
  getsockname: libc.func('int getsockname(int fd, _Out_ void *address, _Inout_ uint *length)'),
  setsockopt: libc.func('int setsockopt(int fd, int level, int option, const void *value, uint length)'),
  getsockopt: libc.func('int getsockopt(int fd, int level, int option, _Out_ void *value, _Inout_ uint *length)'),
  send: libc.func('long send(int fd, const void *data, size_t length, int flags)'),
  recv: libc.func('long recv(int fd, _Out_ void *data, size_t length, int flags)'),
  unlockpt: libc.func('int unlockpt(int fd)'),
  ptsname_r: libc.func('int ptsname_r(int fd, _Out_ void *name, size_t length)'),
  ioctl: libc.func('int ioctl(int fd, unsigned long request, const void *argument)'),
  ioctlValue: libc.func('int ioctl(int fd, unsigned long request, unsigned long value)'),
  if_nametoindex: libc.func('uint if_nametoindex(const char *name)'),
  poll: libc.func('int poll(void *fds, unsigned long count, int timeout)'),
  pipe2: libc.func('int pipe2(_Out_ int *fds, int flags)'),
  memfd_create: libc.func('int memfd_create(const char *name, uint flags)'),
  flock: libc.func('int flock(int fd, int operation)'),
  waitpid: libc.func('int waitpid(int pid, _Out_ int *status, int options)'),
  posix_spawn: libc.func(
    'int posix_spawn(_Out_ int *pid, const char *path, const void *actions, const void *attributes, const char **argv, const char **envp)',
  ),
  file_actions_init: libc.func('int posix_spawn_file_actions_init(void *actions)'),
  file_actions_adddup2: libc.func('int posix_spawn_file_actions_adddup2(void *actions, int fd, int target)'),
  file_actions_destroy: libc.func('int posix_spawn_file_actions_destroy(void *actions)'),
  spawnattr_init: libc.func('int posix_spawnattr_init(void *attributes)'),
  spawnattr_setflags: libc.func('int posix_spawnattr_setflags(void *attributes, short flags)'),
  spawnattr_setsigdefault: libc.func('int posix_spawnattr_setsigdefault(void *attributes, const void *set)'),
  spawnattr_setsigmask: libc.func('int posix_spawnattr_setsigmask(void *attributes, const void *set)'),
};

function checked(call: string, result: number): number {
  if (result < 0) throw new SystemCallError(call, koffi.errno());
  return result;
}

export function setns(fd: number): void {
  checked('setns', raw.setns(fd, CLONE_NEWNET));
}

export function unshareNetwork(): void {
  checked('unshare', raw.unshare(CLONE_NEWNET));
}

export function bindMount(source: string, target: string): void {
  checked('mount', raw.mount(source, target, 'none', MS_BIND, null));
}

export function mountTmpfs(target: string): void {
  checked('mount', raw.mount('tmpfs', target, 'tmpfs', 0, 'mode=755'));
}

export function unmount(target: string): void {
  checked('umount2', raw.umount2(target, MNT_DETACH));
}

/** A socket for an address, of its family. One for IPv6 has nothing to do with IPv4. */
export function socketFor(address: string, type: number, protocol = 0): number {
  if (!isIpv6(address)) return socket(AF_INET, type, protocol);
  const fd = socket(AF_INET6, type, protocol);
  setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, 1);
  return fd;
}

const SOL_IPV6 = 41;
const IPV6_V6ONLY = 26;

/** Close-on-exec always; `type` may carry SOCK_NONBLOCK. */
export function socket(domain: number, type: number, protocol: number): number {
  return checked('socket', raw.socket(domain, type | SOCK_CLOEXEC, protocol));
}

export function bind(fd: number, address: string, port: number): void {
  const value = sockaddr(address, port);
  checked('bind', raw.bind(fd, value, value.length));
}

export function listen(fd: number, backlog = 511): void {
  checked('listen', raw.listen(fd, backlog));
}

/** Starts connecting; on a non-blocking socket an unfinished connection is no error. */
export function connect(fd: number, address: string, port: number): void {
  const value = sockaddr(address, port);
  const result = raw.connect(fd, value, value.length) as number;
  if (result < 0 && koffi.errno() !== EINPROGRESS) throw new SystemCallError('connect', koffi.errno());
}

/** A socket for whole frames of one Ethernet type that come in by a device, not for those it sends itself (packet(7)). */
export function packetSocket(device: string, etherType: number): number {
  const index = raw.if_nametoindex(device) as number;
  if (index === 0) throw new SystemCallError('if_nametoindex', koffi.errno());
  const value = Buffer.alloc(SOCKADDR_LL);
  value.writeUInt16LE(AF_PACKET, 0);
  value.writeUInt16BE(etherType, 2);
  value.writeInt32LE(index, 4);
  /** Without a type it gets nothing until it is bound to the device. */
  const fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK, 0);
  try {
    checked('bind', raw.bind(fd, value, value.length));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** The local address of a socket. */
export function getsockname(fd: number): { address: string; port: number } {
  const value = Buffer.alloc(SOCKADDR_IN6);
  const length = [value.length];
  checked('getsockname', raw.getsockname(fd, value, length));
  const port = value.readUInt16BE(2);
  if (value.readUInt16LE(0) === AF_INET) return { port, address: value.subarray(4, 8).join('.') };
  return { port, address: numberToAddress(BigInt(`0x${value.toString('hex', 8, 24)}`), 6) };
}

export function setsockopt(fd: number, level: number, option: number, value: number): void {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value | 0);
  checked('setsockopt', raw.setsockopt(fd, level, option, buffer, buffer.length));
}

/** At most `size` bytes of an option's value. */
export function getsockopt(fd: number, level: number, option: number, size: number): Buffer {
  const value = Buffer.alloc(size);
  const length = [size];
  checked('getsockopt', raw.getsockopt(fd, level, option, value, length));
  return value.subarray(0, length[0]);
}

export function send(fd: number, data: Buffer): number {
  return checked('send', Number(raw.send(fd, data, data.length, 0)));
}

/** Bytes received into `buffer`. */
export function recv(fd: number, buffer: Buffer): number {
  return checked('recv', Number(raw.recv(fd, buffer, buffer.length, 0)));
}

/** Unlocks a pseudo-terminal's master and returns the path of its other end. */
export function unlockTerminal(master: number): string {
  checked('unlockpt', raw.unlockpt(master));
  const name = Buffer.alloc(64);
  const error = raw.ptsname_r(master, name, name.length) as number;
  if (error !== 0) throw new SystemCallError('ptsname_r', error);
  return name.toString('latin1').replace(/\0.*$/, '');
}

const TIOCSWINSZ = 0x5414;

export function resizeTerminal(fd: number, columns: number, rows: number): void {
  const size = Buffer.alloc(8);
  size.writeUInt16LE(rows, 0);
  size.writeUInt16LE(columns, 2);
  checked('ioctl', raw.ioctl(fd, TIOCSWINSZ, size));
}

const TUNSETIFF = 0x400454ca;
const TUNSETPERSIST = 0x400454cb;
const TUNGETIFF = 0x800454d2;
const IFF_TUN = 1;
const IFF_NO_PI = 0x1000;
const IFREQ = 40;
const IFNAMSIZ = 16;

/** Makes an open /dev/net/tun the TUN device of that name, without a header before its packets (linux/if_tun.h). */
export function becomeTun(fd: number, name: string): void {
  const request = Buffer.alloc(IFREQ);
  request.write(name, 'latin1');
  request.writeUInt16LE(IFF_TUN | IFF_NO_PI, IFNAMSIZ);
  checked('ioctl', raw.ioctl(fd, TUNSETIFF, request));
}

/** The device stays when it is closed. */
export function keepTun(fd: number): void {
  checked('ioctl', raw.ioctlValue(fd, TUNSETPERSIST, 1));
}

/** Whether it is still the device it became: one that is deleted leaves its descriptor behind. */
export function isTun(fd: number): boolean {
  return (raw.ioctl(fd, TUNGETIFF, Buffer.alloc(IFREQ)) as number) === 0;
}

const POLLFD = 8;
const POLLIN = 1;

/** Those of the descriptors that can be read, or will never be; none when nothing happened for a time. Waits on another thread. */
export function waitReadable(fds: readonly number[], timeoutMs: number): Promise<number[]> {
  const list = Buffer.alloc(POLLFD * fds.length);
  for (const [index, fd] of fds.entries()) {
    list.writeInt32LE(fd, POLLFD * index);
    list.writeInt16LE(POLLIN, POLLFD * index + 4);
  }
  return new Promise((resolve) => {
    raw.poll.async(list, fds.length, timeoutMs, () =>
      resolve(fds.filter((_, index) => list.readInt16LE(POLLFD * index + 6) !== 0)),
    );
  });
}

const O_CLOEXEC = 0o2000000;

export function pipe(): { readonly read: number; readonly write: number } {
  const fds = [0, 0];
  checked('pipe2', raw.pipe2(fds, O_CLOEXEC));
  return { read: fds[0]!, write: fds[1]! };
}

/** A file in memory, gone with the last descriptor of it; what is started gets it only by being given it. */
export function memoryFile(name: string): number {
  return checked('memfd_create', raw.memfd_create(name, MFD_CLOEXEC));
}

const MFD_CLOEXEC = 1;

/**
 * Locks an open file; false when somebody else has. The lock is gone with the descriptor, so also with a process that is
 * killed. A file system that knows no locks keeps nobody out.
 */
export function tryLock(fd: number): boolean {
  return (raw.flock(fd, LOCK_EX | LOCK_NB) as number) === 0 || koffi.errno() !== EWOULDBLOCK;
}

const LOCK_EX = 2;
const LOCK_NB = 4;
const EWOULDBLOCK = 11;

/** Room for the structures of spawn.h, whose sizes are glibc's own business: 80, 336 and 128 bytes. */
const STRUCTURE_BYTES = 512;
const POSIX_SPAWN_SETSIGDEF = 4;
const POSIX_SPAWN_SETSIGMASK = 8;

/** Starts a program with these descriptors as its first ones, and with every signal as it is by default. */
export function spawn(
  path: string,
  argv: readonly string[],
  environment: readonly string[],
  descriptors: readonly number[],
): number {
  const actions = Buffer.alloc(STRUCTURE_BYTES);
  raw.file_actions_init(actions);
  for (const [target, fd] of descriptors.entries()) raw.file_actions_adddup2(actions, fd, target);
  const attributes = Buffer.alloc(STRUCTURE_BYTES);
  raw.spawnattr_init(attributes);
  raw.spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
  raw.spawnattr_setsigdefault(attributes, Buffer.alloc(STRUCTURE_BYTES, 0xff));
  raw.spawnattr_setsigmask(attributes, Buffer.alloc(STRUCTURE_BYTES));
  const pid = [0];
  const error = raw.posix_spawn(pid, path, actions, attributes, [...argv, null], [...environment, null]) as number;
  raw.file_actions_destroy(actions);
  if (error !== 0) throw new SystemCallError('posix_spawn', error);
  return pid[0]!;
}

const WNOHANG = 1;
const SIGNALLED = 128;

/** The exit code of a child that has ended, 128 when a signal ended it; undefined while it runs. */
export function exitStatus(pid: number): number | undefined {
  const status = [0];
  if (checked('waitpid', raw.waitpid(pid, status, WNOHANG)) === 0) return undefined;
  return (status[0]! & 0x7f) === 0 ? (status[0]! >> 8) & 0xff : SIGNALLED;
}

const SOCKADDR_IN = 16;
const SOCKADDR_IN6 = 28;
const SOCKADDR_LL = 20;

/** struct sockaddr_in or sockaddr_in6, as the address is. */
export function sockaddr(address: string, port: number): Buffer {
  const [family, length, offset] = isIpv6(address) ? [AF_INET6, SOCKADDR_IN6, 8] : [AF_INET, SOCKADDR_IN, 4];
  const value = Buffer.alloc(length);
  value.writeUInt16LE(family, 0);
  value.writeUInt16BE(port, 2);
  value.set(addressBytes(address), offset);
  return value;
}
