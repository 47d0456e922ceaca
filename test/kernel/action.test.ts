/** The GitHub action on this machine, its steps one after the other as a runner does them: what they leave behind. */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ACTION, Job } from '../ci/action.ts';
import { elements, parseXml } from '../report/xml.ts';

/** A copy of the clone after set-up. That it is set up from nothing is provision.test.ts's to show. */
function clone(): string {
  const folder = mkdtempSync('/tmp/packetwalk-clone-');
  spawnSync('cp', ['-R', 'package.json', 'package-lock.json', 'scripts', 'src', 'dist', folder]);
  spawnSync('cp', ['-R', 'node_modules/.', join(folder, 'node_modules')]);
  return folder;
}

const action = clone();
afterAll(() => rmSync(action, { recursive: true }));

/** The topologies are in the repository that uses the action, one in a folder whose name means something to shells. */
function job(...topologies: readonly string[]): Job {
  const made = new Job(action);
  const folder = join(made.workspace, FOLDER);
  mkdirSync(folder);
  for (const name of topologies) copyFileSync(`topologies/${name}`, join(folder, name));
  /** Whatever this would do would need a network, and time. */
  writeFileSync(join(made.programs, 'npm'), '#!/bin/sh\necho "npm $*"; exit 1\n');
  chmodSync(join(made.programs, 'npm'), 0o755);
  return made;
}

const FOLDER = 'our $HOME & `topologies`';

/** All steps that run here until one fails: on a machine that is not a hosted runner, without the actions of others. */
function run(made: Job, inputs: Record<string, string>) {
  let stdout = '';
  for (const step of ACTION.runs.steps) {
    if (step.run === undefined || step.if !== undefined) continue;
    const ended = made.run(step, inputs);
    stdout += ended.stdout;
    expect(ended.stderr).toBe('');
    if (ended.status !== 0) return { status: ended.status, stdout };
  }
  return { status: 0, stdout };
}

describe('the action', () => {
  it('leaves the report of a suite that passes, and of this part of it only', () => {
    const made = job('ping.yaml', 'same-node.yaml');
    const { status, stdout } = run(made, { paths: FOLDER, shard: '0/2' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: expect.stringMatching(/passed · \d+ checks in 1 lab/) });
    expect(stdout).toMatch(/^::notice title=packetwalk::\d+ passed, 0 failed/m);
    const report = parseXml(readFileSync(made.outputs.report!, 'utf8'));
    expect(elements(report, 'testsuite').map(({ attributes }) => attributes.name)).toEqual([
      'same-node · iptables · vxlan',
    ]);
    expect(readdirSync(made.outputs.results!).sort()).toEqual(['report.txt', 'report.xml']);
    expect(made.summary).toBe('');
  });

  it('leaves everything that explains a failure', () => {
    const made = job('nodeport-snat.yaml');
    const { status, stdout } = run(made, { paths: `${FOLDER}/nodeport-snat.yaml`, args: '--fault\nno-masquerade' });
    expect(status).toBe(1);
    const annotation = stdout.split('\n').find((line) => line.startsWith('::error '));
    expect(annotation).toContain(`file=${FOLDER}/nodeport-snat.yaml,line=`);
    expect(annotation).toContain(
      `again: packetwalk test '${FOLDER}/nodeport-snat.yaml' --fault no-masquerade%0Apackets: `,
    );
    const capture = join(made.outputs.results!, 'captures/nodeport-snat-vxlan-iptables.pcapng');
    expect(annotation).toContain(capture);
    expect(readFileSync(capture).readUInt32BE(0)).toBe(0x0a0d0d0a);
    const failures = elements(parseXml(readFileSync(made.outputs.report!, 'utf8')), 'failure');
    expect(failures.length).toBeGreaterThan(0);
    expect(failures[0]!.text).toContain('reply-mismatch: the answer came from 10.244.2.2:8080');
    expect(made.summary).toContain('✗ the node without an endpoint hides the client from the pod');
    expect(made.summary).not.toContain('::error');
  });

  it('says what is wrong with a file where one looks first', () => {
    const made = job('ping.yaml');
    const file = join(made.workspace, FOLDER, 'ping.yaml');
    writeFileSync(file, readFileSync(file, 'utf8').replace('checks:', 'cheks:'));
    expect(run(made, { paths: FOLDER })).toMatchObject({ status: 2, stdout: expect.stringContaining('did you mean') });
    expect(made.summary).toContain('did you mean "checks"?');
  });
});
