/**
 * How a virtual machine comes by its kernel, and what is said when it cannot, or when there is no QEMU. Distribution and
 * QEMU are played by scripts: nothing is downloaded, and nothing boots.
 */
import { existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { programs, unpackKernel } from '../apply/sandbox/vm/fakes.ts';
import { FILE, isRoot, leftOut, noMachines, Place, temporary, unwrapped } from './machines.ts';
import { CLI, packetwalk, run, startPacketwalk, until } from './tools.ts';

describe.skipIf(noMachines)(`--kernel${leftOut}`, () => {
  it.each([
    ['/no/such/kernel', 'there is no kernel at /no/such/kernel'],
    ['.', '. holds no boot/vmlinuz-RELEASE with lib/modules/RELEASE'],
    [CLI, `${CLI} is no bootable image of a Linux kernel`],
  ])('%s is refused with a remedy, and nothing is started', async (kernel, said) => {
    const place = new Place();
    const { code, stdout, stderr } = await place.call('test', FILE, '--kernel', kernel);
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout).toContain(said);
    expect(stdout).toMatch(/what to do: .*--kernel/);
    await place.expectNothingLeft();
  });
});

describe('a kernel that has to be fetched', () => {
  const RELEASE = '6.1.0-56-amd64';

  interface Distribution {
    readonly cache: string;
    readonly env: Record<string, string>;
    readonly calls: () => number;
  }

  /** `download` is what happens before packages are there. */
  function distribution(place: Place, download: string): Distribution {
    const [cache, pool] = [temporary(), temporary()];
    unpackKernel(pool, RELEASE, { unindexed: true });
    const tools = programs(
      {
        'apt-cache': `case $1 in search) echo 'linux-image-${RELEASE} - Linux' ;; esac`,
        'apt-get': `echo call >> ${cache}/calls; ${download}; touch linux-image-${RELEASE}.deb`,
        'dpkg-deb': `mkdir -p "$3"; cp -R ${pool}/* "$3"`,
        depmod: `cd "$2/lib/modules/$3" && find . -name '*.ko' | sed 's/$/:/' > modules.dep`,
        busybox: 'exit 0',
        'qemu-system-x86_64': 'echo this is no QEMU >&2; exit 1',
      },
      temporary(),
    );
    const path = `${tools}:${process.env.PATH}`;
    return {
      cache,
      env: { ...place.env, PACKETWALK_PATH: path, XDG_CACHE_HOME: cache },
      calls: () => readFileSync(join(cache, 'calls'), 'utf8').split('\n').filter(Boolean).length,
    };
  }

  const kernelsIn = ({ cache }: Distribution) =>
    readdirSync(join(cache, 'packetwalk/kernels')).filter((name) => name !== '.lock');
  const command = ['test', FILE, '--sandbox', 'vm'];

  it('is fetched once by two runs at once, and is whole', async () => {
    const place = new Place();
    const from = distribution(place, 'sleep 1');
    const runs = await Promise.all([1, 2].map(() => packetwalk(command, { env: from.env })));
    for (const { code, stdout } of runs) {
      expect(code).toBe(3);
      expect(stdout).toContain('the virtual machine ended: this is no QEMU');
    }
    expect(runs.map(({ stderr }) => stderr).sort()).toEqual([
      expect.stringMatching(/^another packetwalk is fetching a kernel: waiting for it\n/),
      expect.stringMatching(new RegExp(`^fetching linux-image-${RELEASE} for virtual machines\n`)),
    ]);
    expect(from.calls()).toBe(1);
    expect(kernelsIn(from)).toEqual([RELEASE]);
    expect(readdirSync(join(from.cache, 'packetwalk/kernels', RELEASE, 'boot')).sort()).toEqual([
      `vmlinux-${RELEASE}`,
      `vmlinuz-${RELEASE}`,
    ]);
  });

  it.each([
    ['test', 'SIGINT'],
    ['test', 'SIGTERM'],
    ['test', 'SIGKILL'],
    ['up', 'SIGINT'],
  ] as const)('leaves neither a process nor half of itself when %s gets %s', async (verb, signal) => {
    const place = new Place();
    const from = distribution(
      place,
      `[ -e ${place.runtime}/again ] || { touch ${place.runtime}/fetching; exec sleep 60; }`,
    );
    const args = verb === 'test' ? command : ['up', '-f', FILE, '--sandbox', 'vm'];
    const running = startPacketwalk(args, from.env);
    await until(() => existsSync(join(place.runtime, 'fetching')), Boolean, 30_000);
    running.kill(signal);
    await running.ended;
    /** Who is killed cannot clean up: the next one does. */
    if (signal !== 'SIGKILL') expect(kernelsIn(from)).toEqual([]);
    rmSync(join(place.runtime, 'fetching'));
    await place.expectNothingLeft();
    writeFileSync(join(place.runtime, 'again'), '');
    expect((await packetwalk(command, { env: from.env })).code).toBe(3);
    expect(kernelsIn(from)).toEqual([RELEASE]);
  });

  it('is not begun on a disk that is too small', async () => {
    const place = new Place();
    const from = distribution(place, '');
    const small = `mount -t tmpfs -o size=10m tmpfs ${from.cache} && exec "$@"`;
    const user = isRoot ? [] : ['--user', '--map-current-user', '--keep-caps'];
    const enter = [...user, '--mount', 'sh', '-c', small, 'enter', process.execPath, CLI, ...command];
    const { code, stdout } = await run('unshare', enter, { env: from.env });
    expect(code).toBe(3);
    expect(unwrapped(stdout)).toMatch(/a kernel needs 800 MiB, and \S+\/kernels has \d+ MiB left/);
    expect(stdout).toContain('what to do: free some space, or set XDG_CACHE_HOME to a folder elsewhere');
  });
});

const lacksIpvs = !existsSync('/proc/net/ip_vs');

describe.skipIf(!lacksIpvs)(`a lab that needs IPVS${lacksIpvs ? '' : ', left out: this kernel has it'}`, () => {
  it('is refused by namespaces that were asked for', async () => {
    const kind = isRoot ? 'root' : 'rootless';
    const { code, stdout } = await packetwalk(['test', 'topologies/ipvs.yaml', '--sandbox', kind]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/this kernel has no .*IPVS/);
    expect(stdout).toContain('what to do: --sandbox vm runs the lab on another kernel');
  });

  it('is skipped without QEMU, with reason and remedy; the others are tested', async () => {
    const path = await everythingBut('qemu-system-x86_64');
    const env = { PACKETWALK_PATH: path };
    const alone = await packetwalk(['test', 'topologies/ipvs.yaml', '--reporter', 'json'], { env });
    const both = await packetwalk(['test', 'topologies/ipvs.yaml', FILE, '--reporter', 'json'], { env });
    expect([alone.code, both.code]).toEqual([3, 3]);
    const [lab] = JSON.parse(alone.stdout).labs;
    expect(lab).toMatchObject({
      sandbox: 'vm',
      problem: {
        message: expect.stringMatching(
          /^this kernel has no .*IPVS.*, and there is no virtual machine: virtual machines need qemu-system-x86_64, not installed here$/,
        ),
        remedy: expect.stringMatching(/^sudo apt-get install -y --no-install-recommends qemu-system-x86/),
      },
    });
    expect(new Set(lab.checks.map(({ verdict }: { verdict: string }) => verdict))).toEqual(new Set(['skipped']));
    const { totals, labs } = JSON.parse(both.stdout);
    expect(totals.passed).toBe(labs[1].checks.length);
  });
});

/** A folder of links to all programs but one. */
async function everythingBut(program: string): Promise<string> {
  const folder = temporary();
  for (const from of ['/usr/sbin', '/usr/bin'])
    for (const name of readdirSync(from))
      if (name !== program && !existsSync(join(folder, name))) symlinkSync(join(from, name), join(folder, name));
  return folder;
}
