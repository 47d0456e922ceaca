/** Which sandbox a lab gets: by what its kernel state needs, and what a kernel is found to have. Kernels are played here. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { FEATURES } from '../../src/agent/features.ts';
import type { Sandbox } from '../../src/agent/sandbox.ts';
import { Sandboxes, type SandboxOptions } from '../../src/agent/sandboxes.ts';
import { SandboxError } from '../../src/apply/sandbox/error.ts';
import { usualNamespaces } from '../../src/apply/sandbox/namespaces.ts';
import type { KernelState, Namespace } from '../../src/compile/kernel-state.ts';

const { path, kernel } = vi.hoisted(() => {
  const folder = `/tmp/packetwalk-unit-path-${process.pid}`;
  process.env.PACKETWALK_PATH = folder;
  const none: string[] = [];
  return { path: folder, kernel: { lacks: none, probed: none, closed: none, parameters: '', started: 0 } };
});

/** The device file of TUN is not there, or there for others; the kernel was started with what the test says. */
vi.mock('node:fs', async (original) => {
  const real = await original<typeof import('node:fs')>();
  return {
    ...real,
    existsSync: (file: string) => (file === '/dev/net/tun' ? kernel.closed.includes(file) : real.existsSync(file)),
    accessSync: (file: string, mode?: number) => {
      if (kernel.closed.includes(file)) throw new Error('EACCES');
      real.accessSync(file, mode);
    },
    readFileSync: (file: string, options: 'utf8') =>
      file === '/proc/cmdline' ? `ro ${kernel.parameters}\n` : real.readFileSync(file, options),
  };
});

/** Namespaces on a kernel that lacks what the test says. */
vi.mock('../../src/agent/sandbox.ts', async (original) => ({
  ...(await original<object>()),
  namespaceSandbox: (kind: Sandbox['kind']): Sandbox => ({
    kind,
    startAgent: async () => {
      kernel.started++;
      return agent as never;
    },
  }),
}));

const agent = {
  close: async () => {},
  client: {
    call: async (method: string, parameter: unknown) => {
      if (method === 'hello') return { kernel: '6.18.0' };
      if (method !== 'run') return undefined;
      const { argv } = parameter as { argv: readonly string[] };
      const feature = FEATURES.find(({ probe }) => probe.join(' ') === argv.join(' '))!;
      kernel.probed.push(feature.name);
      return { exitCode: kernel.lacks.includes(feature.name) ? 1 : 0, stdout: '', stderr: 'not here' };
    },
  },
};

function namespace(has: Partial<Namespace> = {}): Namespace {
  const origin = { file: 'test.yaml', line: 1 };
  const nothing = {
    links: [],
    addresses: [],
    routes: [],
    neighbours: [],
    fdb: [],
    sysctls: [],
    ipsets: [],
    nft: [],
    ipvs: [],
  };
  return { name: 'node.node1', origin, ...nothing, ...has } as unknown as Namespace;
}

const PLAIN: KernelState = { namespaces: [namespace()] } as KernelState;
const WITH_DUMMY = { namespaces: [namespace(), namespace({ links: [{ kind: 'dummy' }] as never })] } as KernelState;
const WITH_TUN = { namespaces: [namespace({ links: [{ kind: 'tun' }] as never })] } as KernelState;
const WITH_IPV6 = {
  namespaces: [namespace({ addresses: [{ device: 'eth0', address: 'fd00::7/64' }] as never })],
} as KernelState;
const WITH_VXLAN = { namespaces: [namespace({ links: [{ kind: 'vxlan' }] as never })] } as KernelState;

beforeEach(() => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(path);
  kernel.lacks = [];
  kernel.probed = [];
  kernel.closed = [];
  kernel.parameters = '';
  kernel.started = 0;
});
afterAll(() => rmSync(path, { recursive: true, force: true }));

function modprobeKnows(modules: string): void {
  symlinkSync('/bin/sh', `${path}/sh`);
  writeFileSync(`${path}/modprobe`, `#!/bin/sh\n[ "$*" = "--dry-run --quiet --all ${modules}" ]\n`, { mode: 0o755 });
}

function choice(state: KernelState, options: SandboxOptions = {}): Promise<string> {
  return new Sandboxes(options).choose(state).catch((error: unknown) => {
    if (!(error instanceof SandboxError)) throw error;
    return `${error.message} | ${error.remedy}`;
  });
}

const usual = usualNamespaces();

describe('a lab gets', () => {
  it('namespaces when it needs nothing special, and nothing is tried out', async () => {
    expect(await choice(PLAIN)).toBe(usual);
    expect(kernel.probed.filter((name) => !/br_netfilter|conntrack/.test(name))).toEqual([]);
  });

  it('namespaces when the kernel has what it needs', async () => {
    expect(await choice(WITH_DUMMY)).toBe(usual);
    expect(kernel.probed).toContain('dummy');
  });

  it('a virtual machine when the kernel lacks it', async () => {
    kernel.lacks = ['dummy'];
    expect(await choice(WITH_DUMMY)).toBe('vm');
    expect(await choice(WITH_VXLAN)).toBe(usual);
  });

  it('what is asked for, when that can hold it', async () => {
    kernel.lacks = ['dummy'];
    expect(await choice(PLAIN, { kind: 'rootless' })).toBe('rootless');
    expect(await choice(PLAIN, { kind: 'root' })).toBe('root');
    expect(await choice(WITH_DUMMY, { kind: 'vm' })).toBe('vm');
  });

  it('a virtual machine without further questions when there is a kernel for it', async () => {
    expect(await choice(PLAIN, { kernel: '6.1' })).toBe('vm');
    expect(kernel.probed).toEqual([]);
  });
});

describe('namespaces that were asked for and cannot hold a lab are refused', () => {
  it.each(['rootless', 'root'] as const)('with %s: what is missing, and where there is more', async (kind) => {
    kernel.lacks = ['dummy'];
    expect(await choice(WITH_DUMMY, { kind })).toBe(
      'this kernel has no dummy | --sandbox vm runs the lab on another kernel',
    );
  });

  it('with the modules that bring it, where there are such', async () => {
    kernel.lacks = ['dummy'];
    modprobeKnows('dummy');
    expect(await choice(WITH_DUMMY, { kind: 'rootless' })).toBe(
      'this kernel has no dummy | --sandbox vm runs the lab on another kernel; or sudo modprobe -a dummy',
    );
  });

  it('with the device file that is for others', async () => {
    kernel.lacks = ['TUN'];
    kernel.closed = ['/dev/net/tun'];
    expect(await choice(WITH_TUN, { kind: 'rootless' })).toBe(
      'this user may not open /dev/net/tun | --sandbox vm runs the lab on another kernel; or sudo chmod 666 /dev/net/tun',
    );
  });

  it('with the feature, where there is no device file', async () => {
    kernel.lacks = ['TUN'];
    expect(await choice(WITH_TUN, { kind: 'rootless' })).toMatch(/^this kernel has no TUN \|/);
  });

  it('with the kernel parameter that turns a feature off', async () => {
    kernel.lacks = ['IPv6'];
    kernel.parameters = 'ipv6.disable=1 quiet';
    expect(await choice(WITH_IPV6, { kind: 'rootless' })).toBe(
      'IPv6 is turned off by the kernel parameter ipv6.disable=1 | --sandbox vm runs the lab on another kernel; or boot this machine without ipv6.disable=1',
    );
    kernel.parameters = 'ipv6.disable=0';
    expect(await choice(WITH_IPV6, { kind: 'rootless' })).toMatch(/^this kernel has no IPv6 \|/);
  });

  it('with a device file and a feature of the kernel', async () => {
    kernel.lacks = ['TUN', 'dummy'];
    kernel.closed = ['/dev/net/tun'];
    const both = { namespaces: [...WITH_DUMMY.namespaces, ...WITH_TUN.namespaces] } as KernelState;
    expect(await choice(both, { kind: 'rootless' })).toMatch(
      /^this kernel has no dummy, and this user may not open \/dev\/net\/tun \|/,
    );
  });

  it('with everything that is missing', async () => {
    kernel.lacks = ['dummy', 'vxlan'];
    const both = { namespaces: [...WITH_DUMMY.namespaces, ...WITH_VXLAN.namespaces] } as KernelState;
    expect(await choice(both, { kind: 'rootless' })).toMatch(/^this kernel has no vxlan, no dummy \|/);
  });
});

describe('a feature', () => {
  it('is tried out once a run, for all labs', async () => {
    const sandboxes = new Sandboxes();
    await Promise.all([WITH_DUMMY, WITH_DUMMY, WITH_VXLAN].map((state) => sandboxes.choose(state)));
    expect(kernel.probed.filter((name) => name === 'dummy')).toHaveLength(1);
  });

  it('is tried out by the agent that holds the lab afterwards', async () => {
    const sandboxes = new Sandboxes();
    const sandbox = await sandboxes.for(WITH_VXLAN);
    expect(kernel.started).toBe(1);
    await sandbox.startAgent();
    expect(kernel.started).toBe(1);
    await sandbox.startAgent();
    expect(kernel.started).toBe(2);
    await sandboxes.close();
  });
});

describe('when there can be no virtual machine', () => {
  it('the lab that needs one is told why it does, and how there could be one', async () => {
    kernel.lacks = ['dummy'];
    modprobeKnows('dummy');
    await expect(new Sandboxes().for(WITH_DUMMY)).rejects.toMatchObject({
      message:
        'this kernel has no dummy, and there is no virtual machine: virtual machines need qemu-system-x86_64 and busybox, not installed here',
      remedy:
        'sudo apt-get install -y --no-install-recommends qemu-system-x86 busybox-static; or sudo modprobe -a dummy',
    });
  });

  it('so is one that is to stay', async () => {
    kernel.lacks = ['dummy'];
    await expect(new Sandboxes().placeFor(WITH_DUMMY)).rejects.toThrow('there is no virtual machine');
    expect(await new Sandboxes().placeFor(PLAIN)).toEqual({ kind: usual });
  });

  it('whoever asked for one is told so, and that is all', async () => {
    await expect(new Sandboxes({ kind: 'vm' }).for(PLAIN)).rejects.toThrow(/^virtual machines need/);
  });

  it('the other labs get what they need', async () => {
    kernel.lacks = ['dummy'];
    const sandboxes = new Sandboxes();
    await sandboxes.for(WITH_DUMMY).catch(() => {});
    expect((await sandboxes.for(PLAIN)).kind).toBe(usual);
    await sandboxes.close();
  });
});
