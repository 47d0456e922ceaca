/**
 * In a pod as docs/examples/indexed-job.yaml describes it: root, but with the capabilities of a container and those the
 * manifest adds, and with kernel settings that cannot be written. Seccomp and AppArmor are not part of this.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CLI, type Finished, run } from './tools.ts';

const job = parse(readFileSync('docs/examples/indexed-job.yaml', 'utf8'));
const added = job.spec.template.spec.containers[0].securityContext.capabilities.add as string[];

/** containerd, pkg/oci/spec.go; Docker's are the same. */
const USUAL =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE';

function inPod(capabilities: readonly string[]): Promise<Finished> {
  const kept = [...USUAL.split(' '), ...capabilities].map((name) => `+${name.toLowerCase()}`);
  const container = 'mount -t proc proc /proc; mount --bind -o ro /proc/sys /proc/sys; exec "$@"';
  return run('unshare', [
    ...['--mount', '--pid', '--fork', '--kill-child', 'sh', '-ec', container, 'pod'],
    ...['setpriv', `--bounding-set=-all,${kept.join(',')}`],
    ...[process.execPath, CLI, 'test', 'topologies/nodeport-snat.yaml'],
  ]);
}

const isRoot = process.getuid?.() === 0;

describe.skipIf(!isRoot)(`a pod${isRoot ? '' : ', left out: only root can be made less than root'}`, () => {
  it('with the capabilities of the manifest holds a lab', async () => {
    expect(await inPod(added)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('4 passed · 4 checks in 1 lab'),
    });
  });

  it('without them says which it lacks', async () => {
    const { code, stdout } = await inPod([]);
    expect(code).toBe(3);
    for (const name of added) expect(stdout).toContain(name);
  });
});
