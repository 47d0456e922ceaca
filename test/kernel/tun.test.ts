/**
 * flannel's backend udp as an ordinary user, with another /dev/net/tun in a mount namespace: where anybody may open it, as
 * udev has it, namespaces are enough; where only root may, they are refused, and said why.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isRoot } from './machines.ts';
import { type Finished, run } from './tools.ts';

const FILE = 'topologies/cross-node-udp.yaml';
const home = mkdtempSync('/tmp/packetwalk-tun-test-');
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** The user sees a copy of the program. */
async function asUser(mode: string, script: string): Promise<Finished> {
  const setUp = [
    `mount --bind ${resolve('node_modules')} ${home}/node_modules`,
    `mount -t tmpfs tmpfs ${home}/devices`,
    `mknod -m ${mode} ${home}/devices/tun c 10 200`,
    `mount --bind ${home}/devices/tun /dev/net/tun`,
    'exec setpriv --reuid=65534 --regid=65534 --clear-groups env -i "$@"',
  ];
  const env = [
    ...[`HOME=${home}`, `PATH=${process.env.PATH}`, `XDG_RUNTIME_DIR=${home}/run`],
    ...[`packetwalk=${process.execPath} ${home}/dist/cli.js`, `file=${home}/cross-node-udp.yaml`],
  ];
  return run('unshare', ['--mount', 'sh', '-ec', setUp.join(' && '), 'enter', ...env, 'sh', '-c', script]);
}

describe.skipIf(!isRoot)(`an ordinary user${isRoot ? '' : ', left out: only root can become one'}`, () => {
  beforeAll(async () => {
    for (const name of ['node_modules', 'devices', 'run']) mkdirSync(join(home, name));
    await run('cp', ['-R', 'dist', FILE, home]);
    await run('chmod', ['-R', 'a+rX', home]);
    await run('chown', ['65534:65534', join(home, 'run')]);
    await run('chmod', ['700', join(home, 'run')]);
  });

  it('has TUN devices in namespaces where anybody may open them', async () => {
    const { code, stdout, stderr } = await asUser('666', '$packetwalk test $file');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('iptables · udp · rootless');
  });

  it('is told what to do where only root may', async () => {
    const { code, stdout } = await asUser('600', '$packetwalk test $file --sandbox rootless');
    expect(code).toBe(3);
    expect(stdout).toContain('this user may not open /dev/net/tun');
    expect(stdout).toContain('--sandbox vm runs the lab on another kernel; or sudo chmod 666 /dev/net/tun');
  });

  it('sees it in what doctor tells', async () => {
    const { stdout } = await asUser('600', '$packetwalk doctor');
    expect(stdout).toMatch(/missing +TUN +for cni mode udp: open: Permission denied/);
    expect(stdout).toContain('TUN: sudo chmod 666 /dev/net/tun, or a virtual machine');
  });

  it('is told so as well when a lab that stands is changed into one that needs them', async () => {
    const { code, stderr } = await asUser(
      '600',
      `sed '/cni:/s/udp/host-gw/' $file | $packetwalk up --name lab -f - && $packetwalk up --name lab -f $file; code=$?
      $packetwalk down lab; exit $code`,
    );
    expect(code).toBe(3);
    expect(stderr).toContain(
      "ip -n node.node1 tuntap add dev flannel0 mode tun: EACCES: permission denied, open '/dev/net/tun'",
    );
    expect(stderr).toContain('sudo chmod 666 /dev/net/tun');
  });
});
