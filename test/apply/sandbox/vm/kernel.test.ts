/**
 * Which kernel a virtual machine gets: by path, from the cache, or fetched by the distribution's client, which is played
 * by scripts here. Whatever is wrong is said before anything is booted, and a kernel in the cache is whole.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SandboxError } from '../../../../src/apply/sandbox/error.ts';
import { adding } from '../../../../src/apply/sandbox/vm/cache.ts';
import { findKernel } from '../../../../src/apply/sandbox/vm/kernel.ts';
import { elf, type FakeKernel, programs, temporary, unpackKernel, vmlinuz } from './fakes.ts';

/** Where programs are found: that is fixed when the sources are loaded. */
const { path, systemPath } = vi.hoisted(() => {
  const folder = `/tmp/packetwalk-unit-path-${process.pid}`;
  process.env.PACKETWALK_PATH = `${folder}:${folder}-system`;
  return { path: folder, systemPath: `${folder}-system` };
});

let cache: string;
let distribution: string;
const before = process.env.XDG_CACHE_HOME;

beforeEach(() => {
  cache = temporary();
  distribution = temporary();
  mkdirSync(path);
  symlinkSync('/usr/bin', systemPath);
  process.env.XDG_CACHE_HOME = cache;
});

afterEach(() => {
  rmSync(path, { recursive: true });
  rmSync(systemPath, { force: true });
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
});

const kernels = () => join(cache, 'packetwalk/kernels');
const cached = (release: string, options?: FakeKernel) => unpackKernel(join(kernels(), release), release, options);
/** What is in the cache's folder of kernels, the lock apart. */
const inCache = () => readdirSync(kernels()).filter((name) => name !== '.lock');

async function complaint(wanted: string | undefined): Promise<string> {
  const error = await findKernel(wanted).then(
    ({ release }) => new Error(`${release} was found`),
    (reason: unknown) => reason as Error,
  );
  if (!(error instanceof SandboxError)) throw error;
  return `${error.message} | ${error.remedy}`;
}

/**
 * A distribution with these kernels: its client prints what it was called with to `calls`, takes packages from the folder
 * `pool`, and knows them when there are lists.
 */
function distributionOf(releases: readonly string[], scripts: Record<string, string> = {}): { calls: () => string[] } {
  const calls = join(distribution, 'calls');
  const pool = join(distribution, 'pool');
  writeFileSync(calls, '');
  writeFileSync(join(distribution, 'lists'), '');
  for (const release of releases) unpackKernel(join(pool, `linux-image-${release}`), release, { unindexed: true });
  const names = releases.map((release) => `linux-image-${release} - Linux for machines`).join('\n');
  const newest = releases.at(-1);
  programs(
    {
      'apt-cache': `
[ -e ${distribution}/lists ] || exit 0
while [ "$1" = -o ]; do shift 2; done
case $1 in
  search) printf '%s\\n' '${names}' 'linux-image-${newest?.replace('-amd64', '-cloud-amd64')} - for clouds' 'linux-image-amd64 - newest' ;;
  show) : ;;
  depends) for last; do :; done; [ "$last" = linux-image-amd64 ] && echo '  Depends: linux-image-${newest}'; exit 0 ;;
esac`,
      'apt-get': `
echo "apt-get $*" >> ${calls}
while [ "$1" = -o ]; do shift 2; done
case $1 in
  update) touch ${distribution}/lists ;;
  download) shift; for name; do touch "$name.deb"; done ;;
esac`,
      'dpkg-deb': `mkdir -p "$3"; cp -R ${pool}/"$(basename "$2" .deb)"/* "$3"`,
      /** It is told the folder above lib/modules, and the release. */
      depmod: `cd "$2/lib/modules/$3" && find . -name '*.ko' | sed 's/$/:/' > modules.dep`,
      ...scripts,
    },
    path,
  );
  return { calls: () => readFileSync(calls, 'utf8').split('\n').filter(Boolean) };
}

describe('a kernel of the cache', () => {
  it('is used without asking anybody', async () => {
    cached('6.1.0-56-amd64');
    expect(await findKernel()).toEqual({
      release: '6.1.0-56-amd64',
      image: join(kernels(), '6.1.0-56-amd64/boot/vmlinuz-6.1.0-56-amd64'),
      modules: join(kernels(), '6.1.0-56-amd64/lib/modules'),
    });
  });

  it('is the newest, by number and not by letter', async () => {
    for (const release of ['6.9.7-amd64', '6.12.9-amd64', '6.1.0-56-amd64']) cached(release);
    expect((await findKernel()).release).toBe('6.12.9-amd64');
  });

  it.each([
    ['6.1', '6.1.0-56-amd64'],
    ['6.12', '6.12.111+deb12-amd64'],
    ['6.12.11', '6.12.11-amd64'],
    ['6.1.0-56-amd64', '6.1.0-56-amd64'],
  ])('may be asked for as %s: that is %s', async (wanted, found) => {
    for (const release of ['6.1.0-56-amd64', '6.12.11-amd64', '6.12.111+deb12-amd64']) cached(release);
    expect((await findKernel(wanted)).release).toBe(found);
  });

  it('that has lost something is named, and where it is', async () => {
    cached('6.1.0-56-amd64', { unindexed: true });
    expect(await complaint(undefined)).toMatch(
      /^the modules of 6\.1\.0-56-amd64 have no modules\.dep \| depmod -b \S+\/kernels\/6\.1\.0-56-amd64 6\.1\.0-56-amd64; or remove \S+\/kernels\/6\.1\.0-56-amd64, it is fetched again/,
    );
  });

  it('is found where the cache can only be read', async () => {
    cached('6.1.0-56-amd64');
    mkdirSync(join(kernels(), '.unfinished-left'));
    /** Root may write everywhere; a file where the lock should be is no file to anybody. */
    mkdirSync(join(kernels(), '.lock'));
    expect((await findKernel()).release).toBe('6.1.0-56-amd64');
  });
});

describe('without a kernel in the cache', () => {
  it('the newest of the distribution is fetched, unpacked and whole', async () => {
    const { calls } = distributionOf(['6.1.0-55-amd64', '6.1.0-56-amd64']);
    const notes: string[] = [];
    const { release, image, modules } = await findKernel(undefined, (text) => notes.push(text));
    expect(release).toBe('6.1.0-56-amd64');
    expect(notes).toEqual(['fetching linux-image-6.1.0-56-amd64 for virtual machines']);
    expect(readFileSync(image.replace('vmlinuz', 'vmlinux')).equals(elf(true))).toBe(true);
    expect(readFileSync(join(modules, release, 'modules.dep'), 'utf8')).toContain('9p.ko');
    expect(inCache()).toEqual(['6.1.0-56-amd64']);
    expect(calls()).toEqual(['apt-get -o APT::Sandbox::User=root download linux-image-6.1.0-56-amd64']);
    expect((await findKernel()).image).toBe(image);
    expect(calls()).toHaveLength(1);
  });

  it('a version is fetched, and none that only begins with the same digits', async () => {
    distributionOf(['6.1.0-56-amd64', '6.12.111-amd64']);
    expect((await findKernel('6.1')).release).toBe('6.1.0-56-amd64');
  });

  it('a version that the distribution has not is not', async () => {
    distributionOf(['6.1.0-56-amd64', '6.12.111-amd64']);
    expect(await complaint('6.11')).toMatch(
      /^the distribution has no kernel package for 6\.11 \| it has 6\.12\.111-amd64, 6\.1\.0-56-amd64; --kernel takes/,
    );
    expect(inCache()).toEqual([]);
  });

  it('modules that Ubuntu keeps apart come as well', async () => {
    const { calls } = distributionOf(['6.8.0-31-generic'], {
      'apt-cache': `
case $1 in
  search) echo 'linux-image-6.8.0-31-generic - Linux'; echo 'linux-image-generic - newest' ;;
  show) [ "$2" = linux-modules-extra-6.8.0-31-generic ] && echo "Package: $2" ;;
  depends)
    case "$4" in
      linux-image-generic) printf '  Depends: %s\\n' linux-image-6.8.0-31-generic linux-modules-extra-6.8.0-31-generic linux-firmware ;;
      linux-image-6.8.0-31-generic) printf '  Depends: %s\\n' kmod linux-modules-6.8.0-31-generic ;;
    esac ;;
esac`,
      'dpkg-deb': `mkdir -p "$3"; cp -R ${distribution}/pool/linux-image-6.8.0-31-generic/* "$3"`,
    });
    await findKernel('6.8');
    expect(calls().at(-1)!.split(' ').slice(4).sort()).toEqual([
      'linux-image-6.8.0-31-generic',
      'linux-modules-6.8.0-31-generic',
      'linux-modules-extra-6.8.0-31-generic',
    ]);
  });

  it('lists are read where there are none, into the cache and not into the system', async () => {
    const { calls } = distributionOf(['6.1.0-56-amd64']);
    rmSync(join(distribution, 'lists'));
    expect((await findKernel()).release).toBe('6.1.0-56-amd64');
    expect(calls()[0]).toMatch(/^apt-get -o Dir::State=\S+\/kernels\/\.unfinished-\w+\/apt .* update$/);
    expect(inCache()).toEqual(['6.1.0-56-amd64']);
  });

  it('lists that have become too old are read anew', async () => {
    const { calls } = distributionOf(['6.1.0-56-amd64'], {
      'apt-get': `
echo "$*" >> ${distribution}/calls
case "$*" in
  *update*) touch ${distribution}/new ;;
  *download*) [ -e ${distribution}/new ] || { echo 'E: 404  Not Found' >&2; exit 100; }; touch linux-image-6.1.0-56-amd64.deb ;;
esac`,
    });
    expect((await findKernel()).release).toBe('6.1.0-56-amd64');
    expect(calls().map((call) => call.split(' ').find((word) => /^(update|download)$/.test(word)))).toEqual([
      'download',
      'update',
      'download',
    ]);
  });

  const FAILURES: Record<string, [scripts: Record<string, string>, said: RegExp]> = {
    'that cannot be reached': [
      { 'apt-get': `echo "E: Could not resolve 'deb.debian.org'" >&2; exit 100` },
      /^no kernel could be fetched: Could not resolve 'deb\.debian\.org' \| try again when .*, or name a kernel that is here/,
    ],
    'whose packages do not fit on the disk': [
      { 'dpkg-deb': `echo 'dpkg-deb: error: cannot copy: No space left on device' >&2; exit 2` },
      /^no kernel could be fetched: \S+\/kernels is on a full file system \| free some space, or set XDG_CACHE_HOME/,
    ],
    'whose package holds no kernel': [
      { 'dpkg-deb': 'mkdir -p "$3/usr/share/doc"' },
      /^the packages of the kernel hold none/,
    ],
    'whose modules cannot be indexed': [
      { depmod: `echo 'depmod: ERROR: could not open directory' >&2; exit 1` },
      /^no kernel could be fetched: depmod: ERROR: could not open directory/,
    ],
  };

  it.each(Object.keys(FAILURES))('nothing is left of a distribution %s', async (name) => {
    const [scripts, said] = FAILURES[name]!;
    distributionOf(['6.1.0-56-amd64'], scripts);
    expect(await complaint(undefined)).toMatch(said);
    expect(inCache()).toEqual([]);
  });

  it('and without the distribution’s client, one that is here has to be named', async () => {
    rmSync(systemPath);
    expect(await complaint(undefined)).toMatch(
      /^no kernel can be fetched: apt-get is not installed \| name one that is here; --kernel takes the path of an image/,
    );
    expect(inCache()).toEqual([]);
  });

  it('and without a folder for the cache, another can be chosen', async () => {
    writeFileSync(join(cache, 'packetwalk'), '');
    expect(await complaint(undefined)).toMatch(/^the cache cannot be written: .* \| set XDG_CACHE_HOME/);
  });

  it('a cache whose place is not absolute is not looked for', async () => {
    process.env.XDG_CACHE_HOME = 'relative';
    const home = process.env.HOME;
    process.env.HOME = cache;
    try {
      unpackKernel(join(cache, '.cache/packetwalk/kernels/6.1'), '6.1');
      expect((await findKernel()).release).toBe('6.1');
      expect(existsSync('relative')).toBe(false);
    } finally {
      process.env.HOME = home;
    }
  });
});

describe('several at once', () => {
  it('fetch one kernel together', async () => {
    const { calls } = distributionOf(['6.1.0-56-amd64'], {});
    const notes: string[] = [];
    const found = await Promise.all([1, 2, 3].map(() => findKernel(undefined, (text) => notes.push(text))));
    expect(new Set(found.map(({ image }) => image)).size).toBe(1);
    expect(calls()).toHaveLength(1);
    expect(notes.filter((text) => text.startsWith('another packetwalk is fetching a kernel'))).toHaveLength(2);
  });

  it('leave alone what one of them is making', async () => {
    cached('6.1.0-56-amd64');
    await adding(
      kernels(),
      () => {},
      async (unfinished) => {
        await findKernel();
        expect(existsSync(unfinished)).toBe(true);
      },
    );
    expect(inCache()).toEqual(['6.1.0-56-amd64']);
  });

  it('remove what one that was killed has left', async () => {
    cached('6.1.0-56-amd64');
    mkdirSync(join(kernels(), '.unfinished-left/unpacked'), { recursive: true });
    await findKernel();
    expect(inCache()).toEqual(['6.1.0-56-amd64']);
  });
});

describe('--kernel with a path', () => {
  const unpackedPackage = (release: string, options?: FakeKernel) => unpackKernel(temporary(), release, options);

  it('may be the folder of a package', async () => {
    const folder = unpackedPackage('6.1.0-56-amd64');
    expect(await findKernel(folder)).toEqual({
      release: '6.1.0-56-amd64',
      image: `${folder}/boot/vmlinuz-6.1.0-56-amd64`,
      modules: `${folder}/lib/modules`,
    });
  });

  it('may be that of a newer package, which has its modules below /usr', async () => {
    const folder = unpackedPackage('6.12.111-amd64');
    mkdirSync(join(folder, 'usr'));
    renameSync(join(folder, 'lib'), join(folder, 'usr/lib'));
    expect(await findKernel(folder)).toMatchObject({ modules: `${folder}/usr/lib/modules` });
  });

  it('may be an image, whatever it is called, with its modules beside its folder', async () => {
    const folder = unpackedPackage('6.1.0-56-amd64');
    renameSync(join(folder, 'boot/vmlinuz-6.1.0-56-amd64'), join(folder, 'boot/bzImage'));
    expect(await findKernel(join(folder, 'boot/bzImage'))).toEqual({
      release: '6.1.0-56-amd64',
      image: `${folder}/boot/bzImage`,
      modules: `${folder}/boot/../lib/modules`.replace('/boot/..', ''),
    });
  });

  const WRONG: Record<string, [make: () => string, said: RegExp]> = {
    'that is not there': [
      () => '/no/such/kernel',
      /^there is no kernel at \/no\/such\/kernel \| --kernel takes the path of an image/,
    ],
    'to a folder without a kernel': [temporary, /holds no boot\/vmlinuz-RELEASE with lib\/modules\/RELEASE/],
    'to a folder of several': [
      () => unpackKernel(unpackedPackage('6.1.0-56-amd64'), '6.12.111-amd64'),
      /holds several kernels: .*6\.12\.111-amd64.* \| name the image of one: --kernel \S+\/boot\/vmlinuz-/,
    ],
    'to a folder whose modules are of another release': [
      () => {
        const folder = unpackedPackage('6.1.0-56-amd64');
        renameSync(join(folder, 'lib/modules/6.1.0-56-amd64'), join(folder, 'lib/modules/6.1.0-55-amd64'));
        return folder;
      },
      /holds vmlinuz-6\.1\.0-56-amd64 with the modules of 6\.1\.0-55-amd64 \| image and modules must be of one release/,
    ],
    'to a folder whose image is called like another': [
      () => unpackedPackage('6.1.0-55-amd64', { image: vmlinuz('6.1.0-56-amd64', gzipSync(elf(true))) }),
      /vmlinuz-6\.1\.0-55-amd64 is 6\.1\.0-56-amd64, not 6\.1\.0-55-amd64/,
    ],
    'to an image without its modules': [
      () => {
        const folder = unpackedPackage('6.1.0-56-nowhere');
        rmSync(join(folder, 'lib'), { recursive: true });
        return join(folder, 'boot/vmlinuz-6.1.0-56-nowhere');
      },
      /^the modules of 6\.1\.0-56-nowhere, which \S+ is, are not found \| they are looked for in \S+\/lib\/modules\/6\.1\.0-56-nowhere, .*, \/lib\/modules\/6\.1\.0-56-nowhere$/,
    ],
    'to what is no kernel': [
      () => join(unpackedPackage('6.1', { image: Buffer.from('text') }), 'boot/vmlinuz-6.1'),
      /vmlinuz-6\.1 is no bootable image of a Linux kernel/,
    ],
    'to a kernel whose modules are not indexed': [
      () => unpackedPackage('6.1', { unindexed: true }),
      /^the modules of 6\.1 have no modules\.dep \| depmod -b \/tmp\/packetwalk-unit-\w+ 6\.1; or choose another with --kernel$/,
    ],
    'to a kernel for cloud machines': [
      () => unpackedPackage('6.1.0-56-cloud-amd64', { without: ['9p', '9pnet', '9pnet_virtio'] }),
      /^kernel 6\.1\.0-56-cloud-amd64 cannot boot a virtual machine: it has no 9pnet_virtio, no 9p \| choose another with --kernel; kernels for cloud machines lack/,
    ],
  };

  it.each(Object.keys(WRONG))('%s is refused', async (name) => {
    const [make, said] = WRONG[name]!;
    expect(await complaint(make())).toMatch(said);
  });
});
