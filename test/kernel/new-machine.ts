/**
 * A new machine of this distribution, as a Vagrant box is one: the packages that must be there, sudo, an ordinary user
 * who may use it, and the clone in that user's home. It is a root file system, entered with mounts and processes of its
 * own. Nothing in there can change this machine: what it shares, the kernel's settings and devices, it cannot write.
 */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Finished, run } from './tools.ts';

/** The user whose home has the clone. */
export const USER = 'vagrant';
export const HOME = `/home/${USER}`;

export interface Entering {
  /** Left out: root. */
  readonly user?: string;
  /** Cut off from every network, this machine's included. */
  readonly offline?: boolean;
  /** Kernel settings can be written: those of namespaces of its own only, for ordinary users. */
  readonly settings?: boolean;
  readonly timeoutMs?: number;
}

export class NewMachine {
  readonly #folder = mkdtempSync('/tmp/packetwalk-machine-');
  readonly #root = join(this.#folder, 'root');

  /** Unpacks the root file system, which is made first when there is none yet, and copies the clone into it. */
  static async make(): Promise<NewMachine> {
    const machine = new NewMachine();
    const root = machine.#root;
    mkdirSync(root);
    await checked('tar', '-C', root, '-xf', await rootFileSystem());
    for (const file of ['/etc/resolv.conf', '/etc/hosts']) cpSync(file, join(root, file), { dereference: true });
    const { NODE_EXTRA_CA_CERTS: certificates } = process.env;
    if (certificates) cpSync(certificates, join(root, CERTIFICATES), { dereference: true });
    /** As in images of containers: packages start no services, and are unpacked quickly and without manuals. */
    writeFileSync(join(root, 'usr/sbin/policy-rc.d'), '#!/bin/sh\nexit 101\n', { mode: 0o755 });
    const quick = ['force-unsafe-io', 'path-exclude=/usr/share/doc/*', 'path-exclude=/usr/share/man/*', ''];
    writeFileSync(join(root, 'etc/dpkg/dpkg.cfg.d/quick'), quick.join('\n'));
    const rules = [`${USER} ALL=(ALL) NOPASSWD: ALL`, 'Defaults env_keep += "http_proxy https_proxy no_proxy"', ''];
    writeFileSync(join(root, 'etc/sudoers.d', USER), rules.join('\n'));
    await checked('chroot', root, 'useradd', '--create-home', '--shell', '/bin/bash', USER);
    const left = ['.git', '.node', 'node_modules', 'dist'];
    cpSync('.', join(root, HOME, 'packetwalk'), { recursive: true, filter: (path) => !left.includes(path) });
    await checked('chmod', '-R', 'a+rX', join(root, HOME));
    await checked('chroot', root, 'chown', '-R', `${USER}:`, HOME);
    return machine;
  }

  /** Runs a program in there, in the home of whoever runs it; everything it leaves running ends with it. */
  run(argv: readonly string[], { user, offline, settings, timeoutMs }: Entering = {}): Promise<Finished> {
    /** Nothing goes on in there when the test is killed. */
    const apart = ['--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child'];
    if (offline) apart.push('--net');
    const script = ['bash', '-euc', ENTER, 'enter', this.#root, settings ? 'writable' : 'read-only'];
    const home = user === USER ? HOME : user === undefined ? '/root' : '/tmp';
    const own = Object.entries({ PATH, HOME: home, LANG: 'C.UTF-8', ...reachingOut() });
    const env = ['env', '-i', `--chdir=${home}`, ...own.map(([name, value]) => `${name}=${value}`)];
    const become = user === undefined ? [] : ['runuser', '-u', user, '--'];
    return run('setpriv', [...apart, ...script, ...env, ...become, ...argv], {
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
  }

  async remove(): Promise<void> {
    await checked('rm', '-rf', this.#folder);
  }
}

const CERTIFICATES = 'etc/certificates-here.crt';
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const DEVICES = 'null zero full random urandom tty';

/** Arguments: the root file system, `writable` or `read-only` for the kernel's settings, and the program. */
const ENTER = `
root=$1 settings=$2; shift 2
mount --bind "$root" "$root"; cd "$root"
mount -t proc proc proc
[ "$settings" = writable ] || mount --bind -o ro proc/sys proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs run; mount -t tmpfs -o mode=1777 tmpfs tmp; mount -t tmpfs tmpfs dev
for device in ${DEVICES}; do : >"dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
mkdir -p old; pivot_root . old; umount -l /old
exec "$@"`;

/** How this machine gets at package registries, if not simply so. */
function reachingOut(): Record<string, string> {
  const found = Object.entries(process.env).filter(([name]) => /^(https?|no)_proxy$/i.test(name));
  if (process.env.NODE_EXTRA_CA_CERTS) found.push(['NODE_EXTRA_CA_CERTS', `/${CERTIFICATES}`]);
  return Object.fromEntries(found) as Record<string, string>;
}

/** The archive of the root file system; it is kept, since only package versions in it grow old. */
async function rootFileSystem(): Promise<string> {
  const codename = /^VERSION_CODENAME=(\w+)$/m.exec(readFileSync('/etc/os-release', 'utf8'))?.[1];
  if (codename === undefined) throw new Error('/etc/os-release has no VERSION_CODENAME');
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'packetwalk-test');
  const archive = join(folder, `${codename}-sudo.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(folder, { recursive: true });
  const unfinished = `${archive}.${process.pid}.tar`;
  await checked('mmdebstrap', '--quiet', '--variant=minbase', '--include=sudo', codename, unfinished);
  renameSync(unfinished, archive);
  return archive;
}

async function checked(program: string, ...args: readonly string[]): Promise<void> {
  const { code, stderr } = await run(program, args, { timeoutMs: 300_000 });
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${stderr}`);
}
