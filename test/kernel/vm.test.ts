/**
 * Labs in a virtual machine: the same verdicts and the same commands, and of the host its files to read and nothing else.
 * An emulated machine takes its time to come up: where it can, one serves many tests.
 *
 *   command ──────────────────────── QEMU ─ guest ─ agents, one a lab          test, trace
 *   command ─ socket ─ keeper ────── QEMU ─ guest ─ agent                      up, exec, …
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { programPath } from '../../src/agent/programs.ts';
import { machineSandbox } from '../../src/agent/sandbox.ts';
import { Sandboxes } from '../../src/agent/sandboxes.ts';
import { cacheFolder } from '../../src/apply/sandbox/vm/cache.ts';
import { findKernel } from '../../src/apply/sandbox/vm/kernel.ts';
import { Machine } from '../../src/apply/sandbox/vm/machine.ts';
import { type Prepared, test } from '../../src/pipeline.ts';
import { plan } from '../../src/plan/index.ts';
import { BOOT_MS, FILE, isRoot, leftOut, noMachines, Place, temporary } from './machines.ts';
import { CLI, type Finished, packetwalk, prepared, run } from './tools.ts';

describe.skipIf(noMachines)(`labs in one virtual machine${leftOut}`, () => {
  const machines = new Sandboxes({ kind: 'vm' });
  const here = new Sandboxes();
  afterAll(() => Promise.all([machines.close(), here.close()]));

  /** What a check came to, without what differs from run to run. */
  async function verdicts(input: Prepared, sandboxes: Sandboxes) {
    const { verdicts: all, problem, sandbox } = await test(input, { file: 'test.yaml', sandboxes });
    expect(problem).toBeUndefined();
    const facts = all.map((verdict) => ({
      check: verdict.check.name,
      verdict: verdict.verdict,
      why: verdict.mismatches.map(({ field }) => field),
      ...(verdict.kind === 'connection' && {
        outcome: verdict.walk?.outcome,
        hops: verdict.walk?.hops.map(({ place, interface: device }) => `${place} ${device}`),
      }),
    }));
    return { sandbox, facts };
  }

  it(
    'have the verdicts they have in namespaces, several at once',
    async () => {
      const files = ['clusterip', 'cross-node-host-gw', 'cross-node-udp'].map((name) => `topologies/${name}.yaml`);
      const inputs = [FILE, ...files].map((path) => prepared(path));
      const [inMachine, inNamespaces] = await Promise.all([
        Promise.all(inputs.map((input) => verdicts(input, machines))),
        Promise.all(inputs.map((input) => verdicts(input, here))),
      ]);
      expect(inMachine.map(({ sandbox }) => sandbox)).toEqual(inputs.map(() => 'vm'));
      expect(inMachine.map(({ facts }) => facts)).toEqual(inNamespaces.map(({ facts }) => facts));
      for (const { facts } of inMachine) expect(facts.map(({ verdict }) => verdict)).not.toContain('skipped');
    },
    BOOT_MS,
  );

  it(
    'turn red for the same reason',
    async () => {
      const broken = prepared(FILE, { faults: ['no-masquerade'] });
      const [inMachine, inNamespaces] = [await verdicts(broken, machines), await verdicts(broken, here)];
      expect(inMachine.facts).toEqual(inNamespaces.facts);
      expect(inMachine.facts.map(({ verdict }) => verdict)).toContain('fail');
    },
    BOOT_MS,
  );
});

describe.skipIf(noMachines)(`a lab that stays in a virtual machine${leftOut}`, () => {
  const place = new Place();
  /** On the host, where the guest could do harm. */
  const files = temporary();
  const shell = (script: string) => place.call('exec', 'node/node1', '--', 'sh', '-c', script);

  beforeAll(async () => {
    writeFileSync(join(files, 'text'), 'from the host');
    expect(await place.call('up', '-f', FILE, '--sandbox', 'vm')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nodeport-snat is up: 2 nodes, 1 pod, 1 host'),
      stderr: expect.stringMatching(/^booting a virtual machine with Linux \S+\n/),
    });
  }, BOOT_MS);

  it('is listed as what it is', async () => {
    const { stdout } = await place.call('ls', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'nodeport-snat', sandbox: 'vm', places: 4 }]);
    expect(JSON.parse((await place.call('inspect', '-o', 'json')).stdout)).toMatchObject({
      nodes: [{ place: 'node/node1', interfaces: [{ addresses: ['10.0.0.11'] }] }, { place: 'node/node2' }],
    });
  });

  it('runs programs on another kernel, with their input, output and exit code', async () => {
    const { release } = await findKernel();
    expect((await shell('uname -r; hostname')).stdout).toBe(`${release}\nnode1\n`);
    const { env } = place;
    expect(await packetwalk(['exec', 'pod/web-0', '--', 'sh', '-c', 'cat; exit 7'], { env, input: 'hello' })).toEqual({
      code: 7,
      stdout: 'hello',
      stderr: '',
    });
    expect(await shell('echo oh >&2; cat <&- /dev/fd/0')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^oh\n/),
    });
  });

  it('may open as many files as a lab may have ports', async () => {
    expect((await shell('ulimit -n')).stdout).toBe('1048576\n');
  });

  it('opens a shell on a terminal', async () => {
    const { stdout } = await run('script', ['-qec', `${process.execPath} ${CLI} shell pod/web-0`, '/dev/null'], {
      env: { ...place.env, TERM: 'dumb' },
      input: 'tty; ip -br addr show eth0; exit 5\n',
    });
    expect(stdout).toContain('nodeport-snat pod/web-0 #');
    expect(stdout).toContain('/dev/pts/0');
    expect(stdout).toMatch(/eth0@\S+ +UP +10\.244\.2\.2\/24/);
  });

  it('is traced, with the rules', async () => {
    const { code, stdout } = await place.call('trace', 'host/client', 'nodeport/web:80@node1', '--rules', '-o', 'json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'delivered',
      endpoint: 'pod/web-0',
      path: ['host/client', 'node/node1', 'node/node2', 'pod/web-0'],
    });
    expect(stdout).toContain('KUBE-NODEPORTS');
  });

  it('is captured from, into a file on this side', async () => {
    const path = join(files, 'capture.pcap');
    const capture = place.call('capture', 'node/node1:eth0', '-w', path, '-c', '4', 'port', '30080');
    let done = false;
    void capture.then(() => {
      done = true;
    });
    while (!done) await place.call('exec', 'host/client', '--', 'curl', '-s', 'http://10.0.0.11:30080/');
    expect((await capture).code).toBe(0);
    expect((await place.call('capture', '-r', path)).stdout).toMatch(
      /TCP 10\.0\.0\.100:\d+ → 10\.0\.0\.11:30080 {2}SYN/,
    );
  });

  it('follows its file, and is left alone when nothing changed', async () => {
    expect(await place.call('up', '-f', FILE)).toMatchObject({ code: 0, stdout: 'nodeport-snat is up to date\n' });
    const changed = join(files, 'changed.yaml');
    writeFileSync(changed, readFileSync(FILE, 'utf8').replace('replicas: 1', 'replicas: 2'));
    expect(await place.call('up', '-f', changed)).toMatchObject({ code: 0 });
    expect(await place.call('exec', 'pod/web-1', '--', 'true')).toMatchObject({ code: 0 });
  });

  it('reads the host’s files and writes none of them, not even as root of its machine', async () => {
    const text = join(files, 'text');
    const { stdout } = await shell(`cat ${text}; echo changed > ${text}; cat ${text}; rm ${text}; touch ${files}/new`);
    expect(stdout).toBe('from the hostchanged\n');
    expect([readFileSync(text, 'utf8'), readdirSync(files).includes('new')]).toEqual(['from the host', false]);
    /** The one place where the shared file system itself is mounted: that it is read-only is not the guest's decision. */
    const forced = await shell(
      'mount -o remount,rw /lib/modules && mount -o remount,bind,rw /lib/modules && touch /lib/modules/new',
    );
    expect(forced).toMatchObject({ code: 1, stderr: expect.stringContaining('Read-only file system') });
    const modules = (await findKernel()).modules;
    expect(readdirSync(modules)).not.toContain('new');
  });

  it('has no device that leads anywhere but to this side', async () => {
    /** 02 is the class of network cards (PCI Code and ID Assignment Specification). */
    const { stdout } = await shell('cat /sys/bus/pci/devices/*/class; ls /sys/class/net; ls /sys/class/block | wc -l');
    const lines = stdout.trim().split('\n');
    expect(lines.filter((line) => line.startsWith('0x02'))).toEqual([]);
    expect(lines.slice(-2)).toEqual(['lo', '0']);
    const processes = await shell('cat /proc/[0-9]*/cmdline | tr "\\0" " "');
    expect(processes.stdout).not.toContain('qemu-system');
  });

  it('does not fill its memory with what nobody reads', async () => {
    const flood = place.start('exec', 'node/node1', '--', 'sh', '-c', 'yes | head -c 300000000');
    const used = async () =>
      Number((await shell("awk '/MemTotal/{all=$2} /MemAvailable/{print int((all-$2)/1024)}' /proc/meminfo")).stdout);
    const before = await used();
    process.kill(flood.pid, 'SIGSTOP');
    await new Promise((go) => setTimeout(go, 3000));
    expect((await used()) - before).toBeLessThan(60);
    process.kill(flood.pid, 'SIGKILL');
  });

  it('is gone, and nothing is left of it, when the process that keeps it is killed', async () => {
    process.kill(place.find('keeper.js')!, 'SIGKILL');
    await place.expectNothingLeft();
  });

  afterAll(() => place.call('down', '--all'));
});

describe.skipIf(noMachines)(`a machine whose kernel panics${leftOut}`, () => {
  it(
    'is explained to whoever was using it, and is not listed any more',
    async () => {
      const place = new Place();
      expect(await place.call('up', '-f', FILE, '--sandbox', 'vm')).toMatchObject({ code: 0 });
      const panic = ['exec', 'node/node1', '--', 'sh', '-c', 'echo c > /proc/sysrq-trigger; sleep 60'];
      expect(await place.call(...panic)).toMatchObject({
        code: 3,
        stderr: expect.stringMatching(
          /^error: lab nodeport-snat has ended: the kernel of the virtual machine panicked: Kernel panic - not syncing: sysrq triggered crash\n {2}= /,
        ),
      });
      await place.expectNothingLeft();
    },
    BOOT_MS,
  );
});

describe.skipIf(noMachines)(`a machine with too little memory${leftOut}`, () => {
  it(
    'says so',
    async () => {
      const program = [process.execPath, programPath('guest')];
      const fill = async () => {
        const machine = await Machine.boot(await findKernel(), { program, memory: 256 });
        try {
          const { client } = await machineSandbox(machine).startAgent();
          const { state } = prepared(FILE);
          await client.call('apply', plan(state));
          const script = 'mount -t tmpfs -o size=1G tmpfs /mnt && head -c 1G /dev/zero > /mnt/full';
          await client.call('run', { namespace: state.namespaces[0]!.name, argv: ['sh', '-c', script] });
        } finally {
          await machine.close();
        }
      };
      await expect(fill()).rejects.toMatchObject({
        message: expect.stringMatching(/^the virtual machine ran out of memory: /),
        remedy: expect.stringContaining('free some memory on this machine'),
      });
    },
    BOOT_MS,
  );
});

describe.skipIf(noMachines || !isRoot)(
  `an ordinary user${leftOut}${isRoot ? '' : ', left out: only root can become one'}`,
  () => {
    /** The user sees a copy of the program, and the cache, which is another's and cannot be written. */
    async function asUser(home: string, script: string): Promise<Finished> {
      const setUp = [
        `mount --bind ${resolve('node_modules')} ${home}/node_modules`,
        `mount --bind -o ro ${cacheFolder()} ${home}/cache/packetwalk`,
        'exec setpriv --reuid=65534 --regid=65534 --clear-groups env -i "$@"',
      ];
      const env = [
        ...[`HOME=${home}`, `PATH=${process.env.PATH}`, `XDG_CACHE_HOME=${home}/cache`, `XDG_RUNTIME_DIR=${home}/run`],
        ...[`packetwalk=${process.execPath} ${home}/dist/cli.js`, `home=${home}`],
      ];
      const enter = ['--mount', 'sh', '-ec', setUp.join(' && '), 'enter', ...env, 'sh', '-c', script];
      return run('unshare', enter, { timeoutMs: BOOT_MS });
    }

    it(
      'has labs in virtual machines, with a cache that can only be read, and sees there what is theirs to see',
      async () => {
        const home = temporary();
        for (const name of ['node_modules', 'cache/packetwalk', 'run'])
          mkdirSync(join(home, name), { recursive: true });
        await run('cp', ['-R', 'dist', FILE, home]);
        writeFileSync(join(home, 'secret'), 'of root', { mode: 0o600 });
        writeFileSync(join(home, 'own'), 'of the user', { mode: 0o600 });
        await run('chown', ['-R', '65534:65534', join(home, 'run'), join(home, 'own')]);
        await run('chmod', ['700', join(home, 'run')]);
        await run('chmod', ['755', home]);
        const { code, stdout, stderr } = await asUser(
          home,
          `$packetwalk up -f $home/nodeport-snat.yaml --sandbox vm || exit
        $packetwalk exec pod/web-0 -- sh -c "id -u; cat $home/own; echo; cat $home/secret; cat /etc/shadow"
        $packetwalk trace host/client nodeport/web:80@node1 -o json | grep outcome
        $packetwalk down`,
        );
        expect({ code, stdout, stderr }).toEqual({
          code: 0,
          stderr: expect.stringContaining(`${home}/secret: Permission denied`),
          stdout: expect.stringMatching(
            /^nodeport-snat is up: .*\n0\nof the user\n {2}"outcome": "delivered",\nnodeport-snat is down\n$/,
          ),
        });
        expect(stderr).toContain('/etc/shadow: Permission denied');
      },
      BOOT_MS,
    );

    it('is told what to do where there is no place for a cache', async () => {
      const home = temporary();
      for (const name of ['node_modules', 'cache/packetwalk', 'run']) mkdirSync(join(home, name), { recursive: true });
      await run('cp', ['-R', 'dist', FILE, home]);
      await run('chmod', ['755', home]);
      const { code, stdout } = await asUser(
        home,
        'XDG_CACHE_HOME= HOME=/nonexistent $packetwalk test $home/nodeport-snat.yaml --sandbox vm',
      );
      expect(code).toBe(3);
      expect(stdout).toContain('the cache cannot be written: EACCES');
      expect(stdout).toContain('what to do: set XDG_CACHE_HOME to a folder of your own');
    });
  },
);
