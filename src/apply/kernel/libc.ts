/**
 * The C library through koffi: the system calls Node does not offer. Every call is checked; a failure throws a
 * SystemCallError. All calls are synchronous, on the calling thread: `setns` concerns that thread only.
 */
import koffi from 'koffi';
import { SystemCallError } from './errors.ts';

const libc = koffi.load('libc.so.6');

const CLONE_NEWNET = 0x40000000;
const MS_BIND = 4096;
const MNT_DETACH = 2;
export const AF_INET = 2;
export const AF_NETLINK = 16;
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
  send: libc.func('long send(int fd, const void *data, size_t length, int flags)'),
  recv: libc.func('long recv(int fd, _Out_ void *data, size_t length, int flags)'),
  unlockpt: libc.func('int unlockpt(int fd)'),
  ptsname_r: libc.func('int ptsname_r(int fd, _Out_ void *name, size_t length)'),
  ioctl: libc.func('int ioctl(int fd, unsigned long request, const void *argument)'),
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

/** The local address of a socket. */
export function getsockname(fd: number): { address: string; port: number } {
  const value = Buffer.alloc(16);
  const length = [value.length];
  checked('getsockname', raw.getsockname(fd, value, length));
  return { port: value.readUInt16BE(2), address: [...value.subarray(4, 8)].join('.') };
}

export function setsockopt(fd: number, level: number, option: number, value: number): void {
  const buffer = Buffer.alloc(4);
  buffer.writeInt32LE(value | 0);
  checked('setsockopt', raw.setsockopt(fd, level, option, buffer, buffer.length));
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

/** struct sockaddr_in */
function sockaddr(address: string, port: number): Buffer {
  const value = Buffer.alloc(16);
  value.writeUInt16LE(AF_INET, 0);
  value.writeUInt16BE(port, 2);
  value.set(address.split('.').map(Number), 4);
  return value;
}
