/** Single objects of a lab that stays: added, made something else, taken away; and nothing at all where that fails. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, labFolder, normalized, packetwalk } from './tools.ts';

const env = labFolder();
const FILE = 'topologies/endpoints-follow-pods.yaml';
const folder = mkdtempSync('/tmp/packetwalk-files-');
const LAB = ['--lab', 'endpoints-follow-pods'];

function call(...args: string[]): Promise<Finished> {
  return packetwalk(args, { env });
}

function podFile(name: string): string {
  const path = `${folder}/${name}.yaml`;
  const spec = { nodeName: 'node2', containers: [{ name: 'web' }] };
  writeFileSync(
    path,
    JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, labels: { app: 'web' } }, spec }),
  );
  return path;
}

async function endpoints(): Promise<string[]> {
  const { stdout } = await call('inspect', '-o', 'json');
  return JSON.parse(stdout).services[0].ports[0].endpoints.map(
    ({ address, ready }: { address: string; ready: boolean }) => `${address} ${ready}`,
  );
}

async function answers(): Promise<string> {
  const { stdout } = await call('exec', 'pod/client', '--', 'curl', '-s', '--max-time', '2', 'http://10.96.0.100/');
  return JSON.parse(stdout).endpoint;
}

async function stateOfNode(): Promise<string[]> {
  const commands = [['ip', '-o', 'addr'], ['ip', 'route'], ['iptables-save']];
  const listings = commands.map(async (argv) => normalized((await call('exec', 'node/node2', '--', ...argv)).stdout));
  return Promise.all(listings);
}

beforeAll(async () => {
  expect(await call('up', '-f', FILE)).toMatchObject({ code: 0 });
});
afterAll(() => call('down', '--all'));

describe('a running lab', () => {
  it('has a pod that is not ready any more', async () => {
    expect(await call('set', 'pod/web-0', '--not-ready', ...LAB)).toMatchObject({ code: 0 });
    expect(await endpoints()).toEqual(['10.244.2.2 false', '10.244.2.3 true']);
    expect(await answers()).toBe('pod/web-1');
    expect(await call('set', 'pod/web-0', '--not-ready')).toMatchObject({
      stdout: expect.stringMatching(/changed|up to date/),
    });
  });

  it('loses a pod, and gets another one with an address of its own', async () => {
    expect(await call('delete', 'pod/web-0', 'pod/web-1')).toMatchObject({ code: 0 });
    expect(await call('apply', '-f', podFile('web-5'), ...LAB)).toMatchObject({ code: 0 });
    expect(await endpoints()).toEqual(['10.244.2.4 true']);
    expect(await answers()).toBe('pod/web-5');
    expect(await call('trace', 'pod/client', 'service/web:80')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('DNAT  10.96.0.100:80 → 10.244.2.4:80'),
    });
  });

  it.each<[string, string[], RegExp]>([
    [
      'deleting what is not there',
      ['delete', 'pod/web-0'],
      /there is no pod\/web-0 to delete\n.*did you mean "pod\/web-5"/,
    ],
    ['a pod that shall be nothing', ['set', 'pod/web-5'], /what is the pod to be\?/],
    ['another mode of kube-proxy', ['apply', '-f', FILE, '--proxy', 'nftables', ...LAB], /--proxy is for a lab/],
    ['a Topology among single objects', ['apply', '-f', FILE, ...LAB], /a Topology cannot be applied to a lab/],
  ])('is untouched by %s', async (_, args, message) => {
    const before = await stateOfNode();
    expect(await call(...args)).toMatchObject({ code: 2, stderr: expect.stringMatching(message) });
    expect(await stateOfNode()).toEqual(before);
  });

  it('is what it was when a change fails on its way', async () => {
    const before = await stateOfNode();
    const { stdout } = await call('apply', '-f', podFile('web-6'), ...LAB, '--dry-run');
    const [, device = ''] = /peer name (veth\w+)/.exec(stdout) ?? [];
    await call('exec', 'node/node2', '--', 'ip', 'link', 'add', device, 'type', 'bridge');
    const failed = await call('apply', '-f', podFile('web-6'), ...LAB);
    expect(failed).toMatchObject({ code: 3, stderr: expect.stringContaining('the lab is what it was before') });
    await call('exec', 'node/node2', '--', 'ip', 'link', 'delete', device);
    expect(await stateOfNode()).toEqual(before);
    expect(await call('exec', 'pod/web-6', '--', 'true')).toMatchObject({ code: 2 });
    expect(await endpoints()).toEqual(['10.244.2.4 true']);
    expect(await call('apply', '-f', podFile('web-6'), ...LAB)).toMatchObject({ code: 0 });
    expect(await endpoints()).toEqual(['10.244.2.4 true', '10.244.2.5 true']);
  });

  it('takes the steps of its topology, and forgets what was changed', async () => {
    expect(await call('up', '-f', FILE, '--steps', '3')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('the topology has 2 steps'),
    });
    expect(await call('up', '-f', FILE, '--steps', '1')).toMatchObject({ code: 0 });
    expect(await endpoints()).toEqual(['10.244.2.3 true']);
    expect(await call('delete', 'pod/web-1')).toMatchObject({ code: 0 });
    expect(await endpoints()).toEqual([]);
    expect(await call('up', '-f', FILE)).toMatchObject({ code: 0 });
    expect(await endpoints()).toEqual(['10.244.2.2 true', '10.244.2.3 true']);
  });

  it('keeps the links as somebody made them', async () => {
    expect(await call('impair', 'node/node2:eth0', '--down')).toMatchObject({ code: 0 });
    expect(await call('set', 'pod/web-0', '--terminating')).toMatchObject({ code: 0 });
    expect(await call('impair')).toMatchObject({ stdout: expect.stringContaining('node/node2:eth0  down') });
  });
});
