/** Gets a kernel's packages with the distribution's own client, and unpacks them. Nothing is installed. */
import { mkdirSync, readdirSync, rmSync, statfsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findProgram, run, runChecked } from '../../kernel/command.ts';
import { KernelError } from '../../kernel/errors.ts';
import { SandboxError } from '../error.ts';
import { tiedCommand } from '../namespaces.ts';

/** Packages that stand for the newest kernel of Debian and Ubuntu. */
const NEWEST = ['linux-image-amd64', 'linux-image-generic'];
/** Of packages and unpacked modules together. */
const NEEDED_MIB = 800;
const MiB = 1024 * 1024;
const FETCH_MS = 600_000;

/** Unpacks the distribution's newest kernel, or that of a version or the beginning of one, and returns the folder below `folder`. */
export async function fetchKernel(
  wanted: string | undefined,
  folder: string,
  note: (text: string) => void,
): Promise<string> {
  assertRoom(folder);
  for (const program of ['apt-get', 'apt-cache', 'dpkg-deb', 'depmod']) findProgram([program]);
  const unpacked = join(folder, 'unpacked');
  for (const file of await new Apt(folder, note).download(wanted)) {
    await runChecked(tiedCommand(['dpkg-deb', '-x', file, unpacked]), { timeoutMs: FETCH_MS });
    rmSync(file);
  }
  return unpacked;
}

function assertRoom(folder: string): void {
  const { bavail, bsize } = statfsSync(folder);
  const left = Math.floor((bavail * bsize) / MiB);
  if (left < NEEDED_MIB)
    throw new SandboxError(`a kernel needs ${NEEDED_MIB} MiB, and ${dirname(folder)} has ${left} MiB left`, ELSEWHERE);
}

const ELSEWHERE = 'free some space, or set XDG_CACHE_HOME to a folder elsewhere';

export const HOW_TO_NAME =
  '--kernel takes the path of an image (boot/vmlinuz-RELEASE), the folder of an unpacked kernel package, or a version such as 6.1';

/** What went wrong with files or programs on the way to a kernel in `folder`, with what to do. */
export function fetchFailure(error: unknown, folder: string): unknown {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || /No space left/.test(message))
    return new SandboxError(`no kernel could be fetched: ${folder} is on a full file system`, ELSEWHERE);
  if (!(error instanceof KernelError)) return error;
  const { details } = error;
  if (details.code === 'missing-tool')
    return new SandboxError(`no kernel can be fetched: ${details.cause}`, `name one that is here; ${HOW_TO_NAME}`);
  return new SandboxError(
    `no kernel could be fetched: ${details.cause.split('\n')[0]!.replace(/^[EW]: /, '')}`,
    `try again when the distribution's packages can be reached, or name a kernel that is here; ${HOW_TO_NAME}`,
  );
}

/** Newest first. */
export function byVersion(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

/** Whether a release is the wanted one, or one that begins so: 6.1 stands for 6.1.0-56-amd64, and not for 6.12. */
export function isRelease(release: string, wanted: string): boolean {
  return release.startsWith(wanted) && !/^\d/.test(release.slice(wanted.length));
}

class Apt {
  readonly #folder: string;
  readonly #note: (text: string) => void;
  #options: readonly string[] = [];

  constructor(folder: string, note: (text: string) => void) {
    this.#folder = folder;
    this.#note = note;
  }

  /** Files of the kernel's package and those with its modules. This system's lists may be missing, or too old to be of use. */
  async download(wanted: string | undefined): Promise<string[]> {
    try {
      return await this.#downloadListed(wanted);
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      await this.#readLists();
      return this.#downloadListed(wanted);
    }
  }

  async #downloadListed(wanted: string | undefined): Promise<string[]> {
    const listed = await this.#listed();
    if (listed.length === 0) await this.#readLists();
    const name = choose(listed.length === 0 ? await this.#listed() : listed, wanted);
    const packages = await this.#withModules(name);
    this.#note(`fetching ${packages.join(', ')} for virtual machines`);
    await this.#get('download', ...packages);
    return readdirSync(this.#folder)
      .filter((file) => file.endsWith('.deb'))
      .map((file) => join(this.#folder, file));
  }

  /** Packages of kernels for machines of any kind. */
  async #listed(): Promise<string[]> {
    const names = await this.#cache('search', '--names-only', '^linux-image-([0-9].*-)?(amd64|generic)$');
    return names
      .split('\n')
      .map((line) => line.split(' ')[0]!)
      .filter((name) => name !== '' && !/-(cloud|rt|dbg|unsigned)/.test(name));
  }

  /** What a package depends on, as far as it is of a kernel. Ubuntu's has only those modules most machines need. */
  async #withModules(name: string, found = new Set<string>()): Promise<string[]> {
    if (found.has(name)) return [...found];
    found.add(name);
    const text = await this.#cache('depends', '--no-recommends', '--no-suggests', name);
    const needed = [...text.matchAll(/^ +Depends: (linux-(?:image|modules)[^ \n]*)/gm)].map(([, other]) => other!);
    for (const other of needed) await this.#withModules(other, found);
    if (needed.some((other) => other.startsWith('linux-image-'))) found.delete(name);
    const extra = name.replace('linux-modules-', 'linux-modules-extra-');
    if (/^linux-modules-\d/.test(name) && (await this.#cache('show', extra)) !== '') found.add(extra);
    return [...found];
  }

  async #cache(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(['apt-cache', ...this.#options, ...args]);
    return stdout;
  }

  async #get(...args: readonly string[]): Promise<void> {
    const command = ['apt-get', ...this.#options, '-o', 'APT::Sandbox::User=root', ...args];
    await runChecked(tiedCommand(command), { timeoutMs: FETCH_MS, folder: this.#folder });
  }

  /** Its own ones, into the folder: an ordinary user must not change this system's. */
  async #readLists(): Promise<void> {
    const state = join(this.#folder, 'apt');
    mkdirSync(join(state, 'lists/partial'), { recursive: true });
    mkdirSync(join(state, 'cache/archives/partial'), { recursive: true });
    const settings = [
      `Dir::State=${state}`,
      `Dir::Cache=${join(state, 'cache')}`,
      'Dir::State::status=/var/lib/dpkg/status',
    ];
    this.#options = settings.flatMap((setting) => ['-o', setting]);
    await this.#get('update');
  }
}

function choose(listed: readonly string[], wanted: string | undefined): string {
  const newest = NEWEST.find((name) => listed.includes(name));
  const releases = listed.flatMap((name) => /^linux-image-(\d.*)$/.exec(name)?.[1] ?? []).sort(byVersion);
  if (wanted === undefined && newest !== undefined) return newest;
  const release = releases.find((each) => wanted === undefined || isRelease(each, wanted));
  if (release !== undefined) return `linux-image-${release}`;
  throw new SandboxError(
    `the distribution has no kernel package${wanted === undefined ? '' : ` for ${wanted}`}`,
    releases.length === 0 ? HOW_TO_NAME : `it has ${releases.slice(0, SHOWN).join(', ')}; ${HOW_TO_NAME}`,
  );
}

const SHOWN = 5;
