/**
 * From a new machine to a passed topology: what lab/Vagrantfile runs in a new box is run in one, without Vagrant, and is
 * what a container image and a colleague's computer need as well. Takes minutes and the distribution's packages: only with
 * PACKETWALK_NEW_MACHINE=1.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resultSchema } from '../../src/report/json.ts';
import { PROVISIONING } from '../ci/vagrantfile.ts';
import { HOME, NewMachine, USER } from './new-machine.ts';
import { type Finished, run } from './tools.ts';

/** Why this cannot run here; undefined when it can. */
async function obstacle(): Promise<string | undefined> {
  if (!process.env.PACKETWALK_NEW_MACHINE) return 'it takes minutes; PACKETWALK_NEW_MACHINE=1 runs it';
  if (process.getuid?.() !== 0) return 'only root can enter another root file system';
  if ((await run('mmdebstrap', ['--version'])).code !== 0) return 'mmdebstrap is not installed; scripts/setup --tests';
  if ((await run('npm', ['ping'], { timeoutMs: 30_000 })).code !== 0) return 'the npm registry does not answer';
  return undefined;
}

const reason = await obstacle();
const MINUTES = 60_000;

describe.skipIf(reason)(`a new machine${reason === undefined ? '' : `, left out: ${reason}`}`, () => {
  const test = ['packetwalk', 'test', `${HOME}/packetwalk/topologies/same-node.yaml`, '--reporter', 'json'];
  const everyCheckPassed = ({ code, stdout, stderr }: Finished, sandbox: string) => {
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { labs, totals } = resultSchema.parse(JSON.parse(stdout));
    expect(labs.map((lab) => lab.sandbox)).toEqual([sandbox]);
    expect(totals.passed).toBe(totals.checks);
    expect(totals.checks).toBeGreaterThan(0);
  };
  let machine: NewMachine;

  beforeAll(async () => {
    machine = await NewMachine.make();
  }, 10 * MINUTES);
  afterAll(() => machine?.remove(), 5 * MINUTES);

  it(
    'has neither Node.js nor anything else that is needed; the Vagrant box’s provisioning brings all of it',
    async () => {
      expect((await machine.run(['sh', '-c', 'command -v node npm ip tcpdump'])).stdout).toBe('');
      const provisioning = ['bash', '-ec', PROVISIONING];
      const { code, stderr } = await machine.run(provisioning, { user: USER, timeoutMs: 20 * MINUTES });
      expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/^installing .*\btcpdump\b/) });
    },
    21 * MINUTES,
  );

  it('then has nothing to do any more', async () => {
    const again = await machine.run(['bash', '-ec', PROVISIONING], { user: USER });
    expect(again).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('then tests a topology as the user who set it up, without a network', async () => {
    everyCheckPassed(await machine.run(test, { user: USER, offline: true, settings: true }), 'rootless');
  });

  it('then tests a topology as a user who cannot write the clone', async () => {
    everyCheckPassed(await machine.run(test, { user: 'nobody', offline: true, settings: true }), 'rootless');
  });

  it('then tests a topology as root', async () => {
    everyCheckPassed(await machine.run(test, { offline: true }), 'root');
  });
});
