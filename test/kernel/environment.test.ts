/** A machine that lacks something: explained with a remedy, never a stack trace, and never a pass. */
import { mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CLI, run } from './tools.ts';

const GOOD = 'topologies/nodeport-snat.yaml';

/** A PATH with everything but some programs. Node is called by its full path. */
async function without(...programs: string[]): Promise<string> {
  const folder = mkdtempSync('/tmp/packetwalk-path-');
  const all = [
    'ip',
    'bridge',
    'ss',
    'sysctl',
    'unshare',
    'setpriv',
    'nsenter',
    'tcpdump',
    'iptables',
    'iptables-restore',
    'iptables-save',
    'ip6tables-save',
    'conntrack',
    'nft',
    'ipset',
    'bird',
    'nginx',
    'hostname',
    'mount',
    'env',
  ];
  for (const program of all.filter((name) => !programs.includes(name))) {
    const { stdout } = await run('sh', ['-c', `command -v ${program}`]);
    if (stdout.trim() !== '') symlinkSync(stdout.trim(), `${folder}/${program}`);
  }
  return folder;
}

describe('without tcpdump', () => {
  it('nothing can be judged, and the remedy is one line', async () => {
    const path = await without('tcpdump');
    const { code, stdout, stderr } = await run(process.execPath, [CLI, 'test', GOOD], {
      env: { PACKETWALK_PATH: path },
    });
    expect({ code, stderr }).toEqual({ code: 3, stderr: '' });
    expect(stdout).toContain('tcpdump is not installed');
    expect(stdout).toContain('sudo apt-get install tcpdump');
  });
});

describe('without BIRD', () => {
  it('a lab that needs it cannot be built; its checks are skipped with the reason', async () => {
    const env = { PACKETWALK_PATH: await without('bird') };
    const { code, stdout } = await run(process.execPath, [CLI, 'test', 'topologies/calico-bgp.yaml'], { env });
    expect(code).toBe(3);
    expect(stdout).toContain('bird is not installed');
    expect(stdout).toContain('what to do: sudo apt-get install bird2');
    expect(stdout).toContain('0 passed, 4 skipped');
  });
});

describe('without nginx', () => {
  it('the checks of a lab with an Ingress controller are skipped, with the remedy', async () => {
    const env = { PACKETWALK_PATH: await without('nginx') };
    const { code, stdout } = await run(process.execPath, [CLI, 'test', 'topologies/ingress.yaml'], { env });
    expect(code).toBe(3);
    expect(stdout).toContain('nginx is not installed');
    expect(stdout).toContain('what to do: sudo apt-get install nginx-light');
    expect(stdout).toContain('0 passed, 5 skipped');
  });
});

describe('without iptables', () => {
  it('the lab cannot be built; its checks are skipped with the reason', async () => {
    const path = await without('iptables-restore');
    const { code, stdout } = await run(process.execPath, [CLI, 'test', GOOD], { env: { PACKETWALK_PATH: path } });
    expect(code).toBe(3);
    expect(stdout).toContain('iptables-restore is not installed');
    expect(stdout).toContain('what to do: sudo apt-get install iptables');
    expect(stdout).toContain('0 passed, 4 skipped');
  });

  it('doctor names what is missing and the command that installs it', async () => {
    const path = await without('iptables-restore', 'conntrack');
    const { code, stdout } = await run(process.execPath, [CLI, 'doctor'], { env: { PACKETWALK_PATH: path } });
    expect(code).toBe(3);
    expect(stdout).toMatch(/missing +iptables-restore/);
    expect(stdout).toContain('sudo apt-get install -y iptables conntrack');
  });
});

const TRACED = [
  [
    'trace',
    ['trace', 'host/client', 'nodeport/web:80@node1', '-f', GOOD, '--rules'],
    'stdout',
    'delivered to pod/web-0',
  ],
  ['diff', ['diff', '-f', GOOD, '--cni', 'vxlan,host-gw', '-t', 'hides'], 'stderr', 'host-gw'],
] as const;

describe('without nft', () => {
  it.each(TRACED)('%s cannot ask for rules, and says what installs it', async (_, args) => {
    const env = { PACKETWALK_PATH: await without('nft') };
    const { code, stderr } = await run(process.execPath, [CLI, ...args], { env });
    expect({ code, stderr }).toEqual({ code: 3, stderr: expect.stringContaining('sudo apt-get install nftables') });
  });
});

describe('where nft ends while it reads what rules were met', () => {
  it.each(TRACED)(
    '%s shows the walk, says which rules are not known and why, and does not pass',
    async (_, args, where, walk) => {
      const folder = await without('nft');
      const { stdout: nft } = await run('sh', ['-c', 'command -v nft']);
      const script = `#!/bin/sh\ncase "$*" in *monitor*) echo overrun >&2; exit 1;; esac\nexec ${nft.trim()} "$@"\n`;
      writeFileSync(`${folder}/nft`, script, { mode: 0o755 });
      symlinkSync('/bin/sh', `${folder}/sh`);
      const result = await run(process.execPath, [CLI, ...args], { env: { PACKETWALK_PATH: folder } });
      expect(result.code).toBe(3);
      expect(result.stdout).toContain(walk);
      expect(result[where]).toContain('not all rules at node/node1 could be read: nft monitor trace ended: overrun');
    },
  );
});

describe('without the right to make namespaces', () => {
  it('the reason and the way to allow it are told', async () => {
    /** A user namespace that may hold no further one. */
    const command = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$0" "$@"';
    const { code, stdout } = await run('unshare', [
      '--user',
      '--map-root-user',
      'sh',
      '-c',
      command,
      process.execPath,
      CLI,
      'test',
      GOOD,
      '--sandbox',
      'rootless',
    ]);
    expect(code).toBe(3);
    expect(stdout).toContain('this system does not let ordinary users make namespaces');
    expect(stdout).toContain('user.max_user_namespaces');
  });

  it('a container is told what it lacks, and what runs without', async () => {
    /** Root that may not do what makes it root. */
    const container = ['--user', '--map-root-user', 'setpriv', '--bounding-set', '-sys_admin'];
    const { code, stdout } = await run('unshare', [...container, process.execPath, CLI, 'test', GOOD]);
    expect(code).toBe(3);
    expect(stdout).toContain('this container may not make namespaces');
    expect(stdout).toContain('the capabilities SYS_ADMIN and NET_ADMIN');
    expect(stdout).toContain('--sandbox vm');
  });
});
