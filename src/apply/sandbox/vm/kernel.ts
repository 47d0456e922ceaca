/**
 * The kernel a virtual machine boots: the distribution's package, fetched with its client and unpacked into the cache,
 * never installed; or any kernel a user has.
 */
import { accessSync, constants, existsSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { runChecked } from '../../kernel/command.ts';
import { SandboxError } from '../error.ts';
import { tiedCommand } from '../namespaces.ts';
import { adding, cacheFolder, namesIn, sweep } from './cache.ts';
import { byVersion, fetchFailure, fetchKernel, HOW_TO_NAME, isRelease } from './fetch.ts';
import { releaseOf, unpackedImage, unpackImage } from './image.ts';
import { GUEST_MODULES, isIndexed, missingModules } from './modules.ts';

export interface GuestKernel {
  /** Its release, as `uname -r` has it: `6.1.0-56-amd64`. */
  readonly release: string;
  /** Path of the bootable image. */
  readonly image: string;
  /** Folder that holds the release's folder of modules. */
  readonly modules: string;
}

/**
 * `wanted` is a path, a version or the beginning of one; undefined means the distribution's newest. Fetches what the
 * cache lacks. Throws a SandboxError that says what is missing and what to do.
 */
export async function findKernel(wanted?: string, note: (text: string) => void = () => {}): Promise<GuestKernel> {
  if (wanted !== undefined && (wanted.includes('/') || existsSync(wanted)))
    return checked(kernelAt(wanted), 'choose another with --kernel');
  sweep(cacheFolder('kernels'));
  const kernel = cachedKernel(wanted) ?? (await addKernel(wanted, note));
  return checked(kernel, `remove ${folderOf(kernel)}, it is fetched again; or choose another with --kernel`);
}

/** Kernels of the cache, the newest first. */
export function cachedKernels(): GuestKernel[] {
  const folder = cacheFolder('kernels');
  return namesIn(folder)
    .sort(byVersion)
    .flatMap((name) => kernelsIn(join(folder, name)));
}

function cachedKernel(wanted: string | undefined): GuestKernel | undefined {
  return cachedKernels().find(({ release }) => wanted === undefined || isRelease(release, wanted));
}

/** A package's folder: boot/vmlinuz-RELEASE and lib/modules/RELEASE, below /usr in newer ones. */
function kernelsIn(folder: string): GuestKernel[] {
  const modules = modulesIn(folder);
  if (modules === undefined) return [];
  return namesIn(modules).flatMap((release) => {
    const image = join(folder, 'boot', `vmlinuz-${release}`);
    return existsSync(image) ? [{ release, image, modules }] : [];
  });
}

function modulesIn(folder: string): string | undefined {
  return [join(folder, 'lib/modules'), join(folder, 'usr/lib/modules')].find((path) => existsSync(path));
}

/** Where a kernel lies that `kernelsIn` has found. */
function folderOf({ image }: GuestKernel): string {
  return dirname(dirname(image));
}

function kernelAt(text: string): GuestKernel {
  const path = resolve(text);
  if (!existsSync(path)) throw new SandboxError(`there is no kernel at ${text}`, HOW_TO_NAME);
  return statSync(path).isDirectory() ? kernelOfFolder(path, text) : kernelOfImage(path, text);
}

/** A folder like that of an unpacked package. */
function kernelOfFolder(path: string, text: string): GuestKernel {
  const [kernel, ...others] = kernelsIn(path);
  if (others.length > 0)
    throw new SandboxError(
      `${text} holds several kernels: ${[kernel!, ...others].map(({ release }) => release).join(', ')}`,
      `name the image of one: --kernel ${kernel!.image}`,
    );
  if (kernel) return kernel;
  const images = namesIn(join(path, 'boot')).filter((name) => name.startsWith('vmlinuz-'));
  const modules = modulesIn(path);
  const releases = modules === undefined ? [] : namesIn(modules);
  if (images.length > 0 && releases.length > 0)
    throw new SandboxError(
      `${text} holds ${images.join(', ')} with the modules of ${releases.join(', ')}`,
      'image and modules must be of one release',
    );
  throw new SandboxError(`${text} holds no boot/vmlinuz-RELEASE with lib/modules/RELEASE`, HOW_TO_NAME);
}

/** An image, whose modules are in the folder it was unpacked with, or in this system. */
function kernelOfImage(path: string, text: string): GuestKernel {
  try {
    accessSync(path, constants.R_OK);
  } catch {
    throw new SandboxError(`${text} cannot be read by you`, `sudo chmod a+r ${path}, or choose another with --kernel`);
  }
  const release = releaseOf(path);
  if (release === undefined) throw new SandboxError(`${text} is no bootable image of a Linux kernel`, HOW_TO_NAME);
  const places = [join(dirname(path), '../lib/modules'), join(dirname(path), '../usr/lib/modules'), '/lib/modules'];
  const modules = places.find((folder) => existsSync(join(folder, release)));
  if (modules === undefined)
    throw new SandboxError(
      `the modules of ${release}, which ${text} is, are not found`,
      `they are looked for in ${[...new Set(places)].map((folder) => join(folder, release)).join(', ')}`,
    );
  return { release, image: path, modules };
}

/** A kernel without what a guest needs to come up would hang; say so before. */
function checked(kernel: GuestKernel, remedy: string): GuestKernel {
  const { release, image } = kernel;
  const own = releaseOf(image);
  if (own !== release)
    throw new SandboxError(`${image} is ${own ?? 'no bootable image of a Linux kernel'}, not ${release}`, remedy);
  if (!isIndexed(kernel))
    throw new SandboxError(
      `the modules of ${release} have no modules.dep`,
      `${indexCommand(kernel).join(' ')}; or ${remedy}`,
    );
  const missing = missingModules(kernel, GUEST_MODULES);
  if (missing.length > 0)
    throw new SandboxError(
      `kernel ${release} cannot boot a virtual machine: it has no ${missing.join(', no ')}`,
      `${remedy}${/cloud/.test(release) ? '; kernels for cloud machines lack what virtual machines share files by' : ''}`,
    );
  return kernel;
}

/** depmod(8) takes the folder above lib/modules. */
function indexCommand({ modules, release }: GuestKernel): string[] {
  return ['depmod', '-b', modules.replace(/\/lib\/modules$/, '') || '/', release];
}

/** Fetches a kernel into the cache, unless another process has done so meanwhile. */
function addKernel(wanted: string | undefined, note: (text: string) => void): Promise<GuestKernel> {
  const kernels = cacheFolder('kernels');
  const waiting = () => note('another packetwalk is fetching a kernel: waiting for it');
  return adding(kernels, waiting, async (unfinished) => {
    const there = cachedKernel(wanted);
    if (there) return there;
    try {
      const unpacked = await fetchKernel(wanted, unfinished, note);
      const [kernel] = kernelsIn(unpacked);
      if (!kernel) throw new SandboxError('the packages of the kernel hold none', HOW_TO_NAME);
      await runChecked(tiedCommand(indexCommand(kernel)), { timeoutMs: INDEX_MS });
      const image = await unpackImage(kernel.image);
      if (image) writeFileSync(unpackedImage(kernel.image), image);
      const place = join(kernels, kernel.release);
      rmSync(place, { recursive: true, force: true });
      renameSync(unpacked, place);
      return kernelsIn(place)[0]!;
    } catch (error) {
      throw fetchFailure(error, kernels);
    }
  });
}

const INDEX_MS = 120_000;
