/** Values of arguments and options, from what was typed. */
import { InvalidArgumentError } from 'commander';

export function list(value: string): string[] {
  return value.split(',').filter((item) => item !== '');
}

export function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

export function collectOf(...allowed: string[]): (value: string, previous: string[]) => string[] {
  return (value, previous) => {
    if (!allowed.includes(value)) throw new InvalidArgumentError(`allowed: ${allowed.join(', ')}`);
    return [...previous, value];
  };
}

export function wholeNumber(most = Number.MAX_SAFE_INTEGER): (value: string) => number {
  const range = most === Number.MAX_SAFE_INTEGER ? 'from 1' : `from 1 to ${most}`;
  return (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < 1 || number > most)
      throw new InvalidArgumentError(`it must be a whole number ${range}`);
    return number;
  };
}

/**
 * Kubernetes and GitHub count parts from 0, GitLab from 1. Either way each part is there exactly once, because 0/n and
 * n/n are the same one.
 */
export function shardOf(value: string): { index: number; count: number } {
  const match = /^(\d+)\/(\d+)$/.exec(value);
  if (!match) {
    const unset = value.startsWith('/') || value.endsWith('/') ? '; is a variable in it not set?' : '';
    throw new InvalidArgumentError(`write it i/n, such as 1/4${unset}`);
  }
  const [index, count] = [Number(match[1]), Number(match[2])];
  if (index > count || count === 0)
    throw new InvalidArgumentError(`there is no such part: of n parts, i is 0 to n-1, or 1 to n`);
  return { index: index % count, count };
}

/** RFC 1123, as Kubernetes names namespaces; a lab's name is a folder's name, too. */
export function nameOf(value: string): string {
  if (!/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(value))
    throw new InvalidArgumentError('use at most 63 lower-case letters, digits and "-"');
  return value;
}
