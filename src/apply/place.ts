/** A place as a program finds it that runs there: a hostname and files in /etc of its own. */
import { existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { FILES, type Surroundings } from '../model/surroundings.ts';

/** What places have in /etc, a folder each. */
const FOLDER = '/run/places';

/**
 * Sets the hostname $1, mounts $2 files of the folder $0, each named before what it is mounted on, and becomes the program that
 * follows. The words are arguments, and no part of the text.
 */
const AT_PLACE = [
  'unshare',
  '--mount',
  '--uts',
  '--propagation',
  'slave',
  'sh',
  '-c',
  [
    'hostname "$1" || exit 126',
    'count=$2',
    'shift 2',
    'while [ "$count" -gt 0 ]; do mount --bind "$0/$1" "$2" || exit 126; shift 2; count=$((count - 1)); done',
    'command -v "$1" >/dev/null || { echo "$1: not found, or not executable" >&2; exit 127; }',
    'exec "$@"',
  ].join('; '),
];

/** The command that runs a program with these surroundings. Files that this machine has none of cannot be stood in for. */
export function atPlace({ place, hostname, files }: Surroundings, argv: readonly string[]): string[] {
  const folder = `${FOLDER}/${encodeURIComponent(place)}`;
  mkdirSync(folder, { recursive: true });
  const mounted = FILES.flatMap((name) => {
    writeFileSync(`${folder}/${name}`, files[name]);
    const target = targetOf(`/etc/${name}`);
    return target === undefined ? [] : [[name, target]];
  });
  return [...AT_PLACE, folder, hostname, String(mounted.length), ...mounted.flat(), ...argv];
}

/** `NAME=VALUE` */
export function variablesOf({ environment }: Surroundings): string[] {
  const { PATH = '' } = process.env;
  return Object.entries({ PATH, ...environment }).map(([name, value]) => `${name}=${value}`);
}

/** What a file leads to. A link to what was in /run, as of systemd-resolved, leads nowhere in a lab: there it is made. */
function targetOf(path: string): string | undefined {
  if (existsSync(path)) return realpathSync(path);
  if (!lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink()) return undefined;
  const target = resolve(dirname(path), readlinkSync(path));
  if (!target.startsWith('/run/')) return undefined;
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, '');
  return target;
}
