/**
 * The kernel a virtual machine boots: the distribution's package, fetched with its client and unpacked into the cache,
 * never installed; or any kernel a user has.
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, statfsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { run, runChecked } from '../../kernel/command.ts';
import { KernelError } from '../../kernel/errors.ts';
import { SandboxError } from '../error.ts';
import { cacheFolder } from './cache.ts';
import { GUEST_MODULES, missingModules } from './modules.ts';

export interface GuestKernel {
  /** Its release, as `uname -r` has it: `6.1.0-56-amd64`. */
  readonly release: string;
  /** Path of the bootable image. */
  readonly image: string;
  /** Folder that holds the release's folder of modules. */
  readonly modules: string;
}

/** Packages that stand for the newest kernel of Debian and Ubuntu. */
const NEWEST = ['linux-image-amd64', 'linux-image-generic'];
/** Package and unpacked modules. */
const NEEDED_BYTES = 800 * 1024 * 1024;
const FETCH_MS = 600_000;

/**
 * `wanted` is a path, a version or the beginning of one; undefined means the distribution's newest. Fetches what the
 * cache lacks. Throws a SandboxError that says what is missing and what to do.
 */
export async function findKernel(wanted?: string, note: (text: string) => void = () => {}): Promise<GuestKernel> {
  if (wanted?.includes('/')) return checked(kernelAt(wanted), wanted);
  const cached = cachedKernels().find(({ release }) => wanted === undefined || release.startsWith(wanted));
  if (cached) return checked(cached, cacheFolder('kernels'));
  return checked(await fetchKernel(wanted, note), cacheFolder('kernels'));
}

/** Kernels of the cache, the newest first. */
export function cachedKernels(): GuestKernel[] {
  return kernelsBelow(cacheFolder('kernels'));
}

function kernelsBelow(folder: string): GuestKernel[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => !name.startsWith('.')) : [];
  return names.sort(byVersion).flatMap((name) => kernelsIn(join(folder, name)));
}

function byVersion(a: string, b: string): number {
  return b.localeCompare(a, 'en', { numeric: true });
}

/** A package's folder: boot/vmlinuz-RELEASE and lib/modules/RELEASE, below /usr in newer ones. */
function kernelsIn(folder: string): GuestKernel[] {
  const modules = [join(folder, 'lib/modules'), join(folder, 'usr/lib/modules')].find((path) => existsSync(path));
  const boot = join(folder, 'boot');
  if (modules === undefined || !existsSync(boot)) return [];
  return readdirSync(modules).flatMap((release) => {
    const image = join(boot, `vmlinuz-${release}`);
    return existsSync(image) ? [{ release, image, modules }] : [];
  });
}

/** A folder like a package's, or an image beside whose folder, or in this system, its modules are. */
function kernelAt(text: string): GuestKernel {
  const path = resolve(text);
  if (!existsSync(path)) throw new SandboxError(`there is no kernel at ${text}`, HOW_TO_NAME);
  if (statSync(path).isDirectory()) {
    const [kernel, ...others] = kernelsIn(path);
    if (!kernel || others.length > 0)
      throw new SandboxError(
        `${text} holds ${others.length > 0 ? 'several kernels' : 'no boot/vmlinuz-RELEASE with lib/modules/RELEASE'}`,
        HOW_TO_NAME,
      );
    return kernel;
  }
  const release = /^(?:vmlinuz|bzImage|kernel)-(.+)$/.exec(path.slice(dirname(path).length + 1))?.[1];
  if (release === undefined)
    throw new SandboxError(`${text} does not say which release it is`, 'call the image vmlinuz-RELEASE');
  const places = [join(dirname(path), '../lib/modules'), join(dirname(path), '../usr/lib/modules'), '/lib/modules'];
  const modules = places.find((folder) => existsSync(join(folder, release)));
  if (modules === undefined)
    throw new SandboxError(
      `the modules of ${release} are not found`,
      `looked in ${places.map((folder) => join(resolve(folder), release)).join(', ')}`,
    );
  return { release, image: path, modules };
}

const HOW_TO_NAME =
  '--kernel takes the path of an image (boot/vmlinuz-RELEASE), the folder of an unpacked kernel package, or a version such as 6.1';

/** A kernel without what a guest needs to come up would hang; say so before. */
async function checked(kernel: GuestKernel, where: string): Promise<GuestKernel> {
  if (!existsSync(join(kernel.modules, kernel.release, 'modules.dep')))
    await runChecked(['depmod', '-b', moduleRoot(kernel), kernel.release]).catch((error: unknown) => {
      throw incomplete(kernel, where, error instanceof KernelError ? error.details.cause : String(error));
    });
  const missing = missingModules(kernel, GUEST_MODULES);
  if (missing.length > 0) throw incomplete(kernel, where, `it has no ${missing.join(', ')}`);
  return kernel;
}

function incomplete({ release }: GuestKernel, where: string, why: string): SandboxError {
  return new SandboxError(
    `kernel ${release} cannot boot a virtual machine: ${why}`,
    where === cacheFolder('kernels')
      ? `remove ${where}, it is fetched again; or choose another with --kernel`
      : 'choose another with --kernel; the kernels for cloud machines lack 9p, for one',
  );
}

/** What `depmod -b` and `modprobe -d` take: the folder above lib/modules. */
function moduleRoot({ modules }: GuestKernel): string {
  return modules.replace(/\/lib\/modules$/, '') || '/';
}

async function fetchKernel(wanted: string | undefined, note: (text: string) => void): Promise<GuestKernel> {
  const kernels = cacheFolder('kernels');
  mkdirSync(kernels, { recursive: true });
  const { bavail, bsize } = statfsSync(kernels);
  if (bavail * bsize < NEEDED_BYTES)
    throw new SandboxError(
      `${kernels} has ${Math.floor((bavail * bsize) / 1024 / 1024)} MiB left, a kernel needs ${NEEDED_BYTES / 1024 / 1024}`,
      'free some space, or set XDG_CACHE_HOME to a folder elsewhere',
    );
  const folder = mkdtempSync(join(kernels, '.fetching-'));
  try {
    const apt = new Apt(folder);
    const packages = await apt.kernelPackages(wanted);
    note(`fetching ${packages.join(', ')} for virtual machines`);
    const unpacked = join(folder, 'unpacked');
    for (const file of await apt.download(packages)) {
      await runChecked(['dpkg-deb', '-x', file, unpacked], { timeoutMs: FETCH_MS });
      rmSync(file);
    }
    const [kernel] = kernelsIn(unpacked);
    if (!kernel) throw new SandboxError(`${packages.join(', ')} holds no kernel`, HOW_TO_NAME);
    await runChecked(['depmod', '-b', moduleRoot(kernel), kernel.release], { timeoutMs: FETCH_MS });
    const place = join(kernels, kernel.release);
    try {
      renameSync(unpacked, place);
    } catch (error) {
      /** Somebody else has fetched it meanwhile: theirs is as good. */
      if (!existsSync(place)) throw error;
    }
    return kernelsIn(place)[0]!;
  } catch (error) {
    if (error instanceof KernelError)
      throw new SandboxError(
        `no kernel could be fetched: ${error.details.command}: ${error.details.cause}`,
        error.details.remedy ?? HOW_TO_NAME,
      );
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC')
      throw new SandboxError(`no kernel could be fetched: ${kernels} is full`, 'free some space');
    throw error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The distribution's client. Where this system has no package lists, it reads its own into the folder. */
class Apt {
  readonly #folder: string;
  #options: readonly string[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** The package of the wanted kernel, and those with its modules. */
  async kernelPackages(wanted: string | undefined): Promise<string[]> {
    let found = await this.#find(wanted);
    if (!found) {
      await this.#readLists();
      found = await this.#find(wanted);
    }
    if (!found)
      throw new SandboxError(
        `the distribution has no kernel package ${wanted === undefined ? NEWEST.join(' or ') : `for ${wanted}`}`,
        HOW_TO_NAME,
      );
    return this.#withDependencies(found);
  }

  async download(packages: readonly string[]): Promise<string[]> {
    const before = new Set(readdirSync(this.#folder));
    const get = ['apt-get', ...this.#options, '-o', 'APT::Sandbox::User=root', 'download', ...packages];
    await runChecked(get, { timeoutMs: FETCH_MS, folder: this.#folder });
    return readdirSync(this.#folder)
      .filter((name) => name.endsWith('.deb') && !before.has(name))
      .map((name) => join(this.#folder, name));
  }

  async #find(wanted: string | undefined): Promise<string | undefined> {
    if (wanted === undefined) {
      for (const name of NEWEST) if ((await this.#cache('show', name)) !== '') return name;
      return undefined;
    }
    const escaped = wanted.replace(/[.\\^$+?()[\]{}|*]/g, '\\$&');
    const names = await this.#cache('search', '--names-only', `^linux-image-${escaped}.*-(amd64|generic)$`);
    return names
      .split('\n')
      .map((line) => line.split(' ')[0]!)
      .filter((name) => /^linux-image-[\d.][^ ]*$/.test(name) && !/-(cloud|rt|dbg|unsigned)/.test(name))
      .sort(byVersion)[0];
  }

  async #withDependencies(name: string, found = new Set<string>()): Promise<string[]> {
    if (found.has(name)) return [...found];
    found.add(name);
    const text = await this.#cache('depends', '--no-recommends', '--no-suggests', name);
    const needed = [...text.matchAll(/^ +Depends: (linux-(?:image|modules)[^ \n]*)/gm)].map(
      ([, dependency]) => dependency!,
    );
    for (const dependency of needed) await this.#withDependencies(dependency, found);
    if (needed.some((dependency) => dependency.startsWith('linux-image-'))) found.delete(name);
    return [...found];
  }

  async #cache(...args: readonly string[]): Promise<string> {
    const { stdout } = await run(['apt-cache', ...this.#options, ...args]);
    return stdout;
  }

  async #readLists(): Promise<void> {
    const state = join(this.#folder, 'apt');
    mkdirSync(join(state, 'lists/partial'), { recursive: true });
    mkdirSync(join(state, 'cache/archives/partial'), { recursive: true });
    this.#options = [
      '-o',
      `Dir::State=${state}`,
      '-o',
      `Dir::Cache=${join(state, 'cache')}`,
      '-o',
      'Dir::State::status=/var/lib/dpkg/status',
    ];
    await runChecked(['apt-get', ...this.#options, 'update'], { timeoutMs: FETCH_MS });
  }
}
