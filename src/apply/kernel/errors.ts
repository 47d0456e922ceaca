/**
 * What can go wrong at the kernel's door, classified once. An error names the command, the namespace, the manifest
 * line behind it, and what to do.
 */
import { constants } from 'node:os';
import { formatOrigin, type Origin } from '../../diagnostic.ts';

export type KernelErrorCode =
  /** The kernel lacks a feature. */
  | 'unsupported'
  /** A program is not installed. */
  | 'missing-tool'
  /** The kernel refuses for want of privilege. */
  | 'permission'
  /** A program did not finish in time. */
  | 'timeout'
  | 'failed';

export interface KernelErrorDetails {
  readonly code: KernelErrorCode;
  /** As one would type it. */
  readonly command: string;
  readonly namespace?: string;
  readonly origin?: Origin;
  /** The kernel's or the program's own words. */
  readonly cause: string;
  readonly remedy?: string;
}

export class KernelError extends Error {
  readonly details: KernelErrorDetails;

  constructor(details: KernelErrorDetails) {
    super(describe(details));
    this.name = 'KernelError';
    this.details = details;
  }
}

function describe({ command, namespace, origin, cause, remedy }: KernelErrorDetails): string {
  const where = [namespace && `in ${namespace}`, origin && `for ${formatOrigin(origin)}`].filter(Boolean).join(', ');
  return [`${command}: ${cause}${where ? ` (${where})` : ''}`, ...(remedy ? [`  = ${remedy}`] : [])].join('\n');
}

/** A failed system call; `call` is its name. */
export class SystemCallError extends Error {
  readonly call: string;
  readonly errno: number;
  readonly code: string;

  constructor(call: string, errno: number) {
    super(`${call}: ${errnoName(errno)}`);
    this.name = 'SystemCallError';
    this.call = call;
    this.errno = errno;
    this.code = errnoName(errno);
  }
}

const NAMES = new Map(Object.entries(constants.errno).map(([name, value]) => [value as number, name]));
/** Errors Node has no name for. */
const MORE_NAMES: Record<number, string> = {
  113: 'EHOSTUNREACH',
  101: 'ENETUNREACH',
  112: 'EHOSTDOWN',
  71: 'EPROTO',
  94: 'ESOCKTNOSUPPORT',
};

function errnoName(errno: number): string {
  return NAMES.get(errno) ?? MORE_NAMES[errno] ?? `errno ${errno}`;
}

interface Pattern {
  readonly pattern: RegExp;
  readonly code: KernelErrorCode;
  readonly remedy?: string;
}

/** The words the tools use, and what they mean. */
const PATTERNS: readonly Pattern[] = [
  {
    pattern:
      /Unknown device type|EOPNOTSUPP|Operation not supported|Protocol not supported|EPROTONOSUPPORT|Address family not supported|EAFNOSUPPORT/i,
    code: 'unsupported',
  },
  {
    pattern: /Couldn't load (match|target)|Extension \S+ revision 0 not supported|can't initialize ip6?tables/i,
    code: 'unsupported',
  },
  {
    pattern: /EMFILE|Too many open files/,
    code: 'failed',
    remedy: 'let processes open more files (ulimit -n), or try fewer ports',
  },
  {
    pattern: /EACCES.*\/dev\/net\/tun/,
    code: 'permission',
    remedy: 'sudo chmod 666 /dev/net/tun, or a new lab, which is built in a virtual machine then',
  },
  { pattern: /EPERM|EACCES|Operation not permitted|Permission denied/i, code: 'permission' },
];

/** Turns the words of a failure into its class. */
export function classify(cause: string): { code: KernelErrorCode; remedy?: string } {
  const found = PATTERNS.find(({ pattern }) => pattern.test(cause));
  return found ? { code: found.code, ...(found.remedy && { remedy: found.remedy }) } : { code: 'failed' };
}
