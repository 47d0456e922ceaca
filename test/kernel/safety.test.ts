/**
 * The host is never touched, however a run ends: with success, a failed check, wrong input, Ctrl-C, or the death of
 * any of its processes. Host state is compared before and after, and no process of the run is left.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { labFolder, marked, packetwalk, run, startPacketwalk, until } from './tools.ts';

const SLOW = ['test', 'topologies/session-affinity.yaml'];

/** What a lab could change on the host, as far as this user can see it. */
async function hostState(): Promise<Record<string, string>> {
  const commands = [
    ['ip', '-o', 'link'],
    ['ip', '-o', 'addr'],
    ['ip', 'route', 'show', 'table', 'all'],
    ['ip', 'rule'],
    ['ip', 'netns'],
    ['iptables-save'],
    ['ip6tables-save'],
    ['nft', 'list', 'ruleset'],
    ['ipset', 'list'],
    [
      'sysctl',
      'net.ipv4.ip_forward',
      'net.ipv4.conf.all',
      'net.ipv4.conf.default',
      'net.bridge',
      'net.ipv4.ping_group_range',
      'net.netfilter.nf_conntrack_tcp_timeout_established',
    ],
  ];
  const state: Record<string, string> = {};
  for (const [program = '', ...args] of commands) {
    const { stdout } = await run(program, args);
    state[`${program} ${args.join(' ')}`] = stdout.replace(/^#.*$/gm, '').replace(/\[\d+:\d+\]/g, '');
  }
  state.mounts = readFileSync('/proc/self/mountinfo', 'utf8');
  state.netns = existsSync('/run/netns') ? readdirSync('/run/netns').join(' ') : '';
  return state;
}

/** They carry no mark: nginx writes its title over its environment (ngx_setproctitle.c). */
function nginxProcesses(): string[] {
  return readdirSync('/proc').filter((entry) => {
    try {
      return /^\d+$/.test(entry) && readFileSync(`/proc/${entry}/cmdline`, 'latin1').startsWith('nginx: ');
    } catch {
      return false;
    }
  });
}

/** Runs something that carries a mark, and expects that nothing of it is left afterwards. */
async function leavesNothing(action: (run: ReturnType<typeof marked>) => Promise<void>): Promise<void> {
  const before = await hostState();
  const mark = marked();
  await action(mark);
  await until(mark.processes, (left) => left.length === 0, 5000);
  expect(await hostState()).toEqual(before);
}

describe('the host is as it was after', () => {
  it('a run that passes', () =>
    leavesNothing(async ({ env }) => {
      expect(await packetwalk(['test', 'topologies/nodeport-snat.yaml'], { env })).toMatchObject({ code: 0 });
    }));

  it('a run whose checks fail', () =>
    leavesNothing(async ({ env }) => {
      expect(await packetwalk(['test', 'topologies/nodeport-snat.yaml', '--fault', 'no-route'], { env })).toMatchObject(
        { code: 1 },
      );
    }));

  it('input that is wrong', () =>
    leavesNothing(async ({ env }) => {
      const file = `${mkdtempSync('/tmp/packetwalk-wrong-')}/wrong.yaml`;
      writeFileSync(file, readFileSync('topologies/nodeport-snat.yaml', 'utf8').replace('10.0.0.0/24', '10.0.0.0/33'));
      expect(await packetwalk(['test', file], { env })).toMatchObject({ code: 2 });
    }));

  it('Ctrl-C', () =>
    leavesNothing(async ({ env, processes }) => {
      const running = startPacketwalk(SLOW, env);
      await until(processes, (all) => all.some(({ command }) => command.startsWith('tcpdump')));
      running.kill('SIGINT');
      expect(await running.ended).toMatchObject({ code: 130 });
    }));

  it('a lab that was up and is down', () =>
    leavesNothing(async ({ env }) => {
      const all = { ...env, ...labFolder() };
      expect(await packetwalk(['up', '-f', 'topologies/nodeport-snat.yaml'], { env: all })).toMatchObject({ code: 0 });
      expect(await packetwalk(['down'], { env: all })).toMatchObject({ code: 0 });
      expect(readdirSync(`${all.XDG_RUNTIME_DIR}/packetwalk`)).toEqual([]);
    }));
});

describe('the host is as it was after the violent death of', () => {
  const VICTIMS: Record<string, (command: string) => boolean> = {
    'the command itself': (command) => command.includes('dist/cli.js'),
    'the sandbox': (command) => command.startsWith('unshare'),
    'the agent': (command) => command.includes('agent.js') && !command.startsWith('unshare'),
  };

  it.each(Object.keys(VICTIMS))('%s', (name) =>
    leavesNothing(async ({ env, processes }) => {
      const running = startPacketwalk(SLOW, env);
      const all = await until(processes, (found) => found.some(({ command }) => command.startsWith('tcpdump')));
      process.kill(all.find(({ command }) => VICTIMS[name]!(command))!.pid, 'SIGKILL');
      const { code, signal, output } = await running.ended;
      if (name === 'the command itself') expect(signal).toBe('SIGKILL');
      else expect({ code, output }).toEqual({ code: 3, output: expect.stringContaining('the sandbox ended') });
    }),
  );

  it('one of its captures, whose silence then proves nothing', () =>
    leavesNothing(async ({ env, processes }) => {
      const running = startPacketwalk(SLOW, env);
      const all = await until(
        processes,
        (found) => found.filter(({ command }) => command.startsWith('tcpdump')).length > 3,
      );
      process.kill(all.find(({ command }) => command.startsWith('tcpdump'))!.pid, 'SIGKILL');
      const { code, output } = await running.ended;
      expect(output).toMatch(/inconclusive|✗/);
      expect([1, 3]).toContain(code);
    }));

  it('the command that builds a lab to stay, before it stands', () =>
    leavesNothing(async ({ env, processes }) => {
      const all = { ...env, ...labFolder() };
      const running = startPacketwalk(['up', '-f', 'topologies/nodeport-snat.yaml'], all);
      await until(processes, (found) => found.some(({ command }) => command.includes('agent.js')));
      process.kill(running.pid, 'SIGKILL');
      await until(processes, (left) => left.length === 0, 15_000);
      expect(await packetwalk(['ls'], { env: all })).toMatchObject({ code: 0, stdout: 'no lab is running\n' });
    }));

  it('the sandbox of a lab in which nginx runs', () =>
    leavesNothing(async ({ env, processes }) => {
      const all = { ...env, ...labFolder() };
      const others = nginxProcesses();
      expect(await packetwalk(['up', '-f', 'topologies/ingress.yaml'], { env: all })).toMatchObject({ code: 0 });
      const own = () => nginxProcesses().filter((pid) => !others.includes(pid));
      expect(own().length).toBeGreaterThan(1);
      process.kill(processes().find(({ command }) => command.startsWith('unshare'))!.pid, 'SIGKILL');
      await until(
        () => [...processes(), ...own()],
        (left) => left.length === 0,
      );
    }));

  it('a running lab, which is then no longer listed', () =>
    leavesNothing(async ({ env, processes }) => {
      const all = { ...env, ...labFolder() };
      expect(await packetwalk(['up', '-f', 'topologies/nodeport-snat.yaml'], { env: all })).toMatchObject({ code: 0 });
      process.kill(processes().find(({ command }) => command.startsWith('unshare'))!.pid, 'SIGKILL');
      await until(processes, (left) => left.length === 0);
      expect(await packetwalk(['ls'], { env: all })).toMatchObject({ code: 0, stdout: 'no lab is running\n' });
    }));
});

describe('from inside a lab there is no way out', () => {
  it('its namespaces are others than the host’s, and nothing in them leads anywhere', async () => {
    const env = labFolder();
    const own = await run('readlink', ['/proc/self/ns/net']);
    expect(await packetwalk(['up', '-f', 'topologies/nodeport-snat.yaml'], { env })).toMatchObject({ code: 0 });
    const inside = await packetwalk(['exec', 'node/node1', '--', 'readlink', '/proc/self/ns/net'], { env });
    expect(inside.stdout).toMatch(/^net:\[\d+\]\n$/);
    expect(inside.stdout).not.toBe(own.stdout);
    /** The sandbox's own namespace, to which the agent returns after it has started a program, has nothing but a loopback that is down. */
    const links = await packetwalk(
      ['exec', 'node/node1', '--', 'sh', '-c', 'sleep 0.2; nsenter --net=/proc/1/ns/net ip -o link'],
      { env },
    );
    expect(links.stdout).toMatch(/^1: lo: <LOOPBACK> mtu 65536[^\n]*\n$/);
    await packetwalk(['down', '--all'], { env });
  });

  it('the agent refuses to run in the host’s network namespace', async () => {
    const own = (await run('readlink', ['/proc/self/ns/net'])).stdout.trim();
    expect(await run(process.execPath, ['dist/agent.js', own, 'pipe'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('refusing to run'),
    });
  });
});

describe('two runs at once', () => {
  it('do not disturb each other', async () => {
    const runs = await Promise.all(
      [1, 2, 3].map(() => packetwalk(['test', 'topologies/clusterip.yaml', 'topologies/nodeport-snat.yaml'])),
    );
    expect(runs.map(({ code }) => code)).toEqual([0, 0, 0]);
  });
});
