/** A lab that stays: up, look around, change, down. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Finished, labFolder, packetwalk } from './tools.ts';

const env = labFolder();
const FILE = 'topologies/nodeport-snat.yaml';
const folder = mkdtempSync('/tmp/packetwalk-files-');

function call(...args: string[]): Promise<Finished> {
  return packetwalk(args, { env });
}

let made: Finished;

beforeAll(async () => {
  made = await call('up', '-f', FILE);
  expect(made).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('nodeport-snat is up: 2 nodes, 1 pod, 1 host'),
  });
});

afterAll(async () => {
  await call('down', '--all');
});

describe('a running lab', () => {
  it('is looked into by the command that up names', async () => {
    const [, command = ''] = /packetwalk (exec .*)/.exec(made.stderr) ?? [];
    expect(await call(...command.split(' '))).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('10.244.2.2/24'),
    });
  });

  it('is listed', async () => {
    const { stdout } = await call('ls', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject([{ name: 'nodeport-snat', places: 4, files: [FILE] }]);
  });

  it('is left alone by up when nothing changed', async () => {
    expect(await call('up', '-f', FILE)).toMatchObject({ code: 0, stdout: 'nodeport-snat is up to date\n' });
  });

  it('runs curl in a pod, which the endpoint answers', async () => {
    const { code, stdout } = await call('exec', 'host/client', '--', 'curl', '-s', 'http://10.0.0.11:30080/');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      endpoint: 'pod/web-0',
      address: '10.244.2.2:8080',
      source: expect.stringMatching(/^10\.244\.1\.0:\d+$/),
    });
  });

  it('passes standard input, exit codes and errors through', async () => {
    expect(await packetwalk(['exec', 'pod/web-0', '--', 'cat'], { env, input: 'hello' })).toMatchObject({
      code: 0,
      stdout: 'hello',
    });
    expect(await call('exec', 'pod/web-0', '--', 'sh', '-c', 'echo oh >&2; exit 7')).toMatchObject({
      code: 7,
      stderr: 'oh\n',
    });
    expect(await call('exec', 'pod/web-0', '--', 'no-such-program')).toMatchObject({
      code: 127,
      stderr: expect.stringContaining('not found'),
    });
  });

  it('hands arguments to the program as they are, through no shell', async () => {
    const { stdout } = await call('exec', 'node/node1', '--', 'echo', '$(id); `id`', '*');
    expect(stdout).toBe('$(id); `id` *\n');
  });

  it('has the rules a node has', async () => {
    const { stdout } = await call('exec', 'node/node1', '--', 'iptables', '-t', 'nat', '-S', 'KUBE-NODEPORTS');
    expect(stdout).toContain(
      '-A KUBE-NODEPORTS -p tcp -m comment --comment "default/web" -m tcp --dport 30080 -j KUBE-EXT-',
    );
  });

  it('can be traced, as often as one likes', async () => {
    const traces = await Promise.all(
      [1, 2, 3].map(() => call('trace', 'host/client', 'nodeport/web:80@node1', '-o', 'json')),
    );
    for (const { code, stdout } of traces) {
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({
        outcome: 'delivered',
        endpoint: 'pod/web-0',
        path: ['host/client', 'node/node1', 'node/node2', 'pod/web-0'],
      });
    }
  });

  it('has links that can be taken down and up', async () => {
    const eth0 = 'node/node2:eth0';
    const trace = async () => JSON.parse((await call('trace', 'host/client', 'node/node2', '-o', 'json')).stdout);
    expect(await call('impair', eth0, '--down')).toMatchObject({ code: 0, stdout: `${eth0}  down\n` });
    expect(await trace()).toMatchObject({ outcome: 'no-neighbour' });
    expect(await call('impair')).toMatchObject({ code: 0, stdout: `${eth0}  down\n` });
    expect(await call('impair', '--reset')).toMatchObject({ code: 0, stdout: `${eth0}  unimpaired\n` });
    expect(await call('impair')).toMatchObject({ code: 0, stdout: 'no link is impaired\n' });
    /** The kernel takes up to a second to tell a bridge that a port has its carrier back. */
    await expect.poll(trace, { timeout: 10_000 }).toMatchObject({ outcome: 'delivered' });
  });

  it('has links that can be slow and lossy, where its kernel knows how', async () => {
    const eth0 = 'node/node1:eth0';
    const slow = await call('impair', eth0, '--delay', '20ms');
    if (slow.code !== 0) {
      expect(slow.stderr).toMatch(/this kernel has no netem .*\n {2}= a virtual machine has it: packetwalk down/);
      expect(await call('impair')).toMatchObject({ stdout: 'no link is impaired\n' });
      return;
    }
    const both = { code: 0, stdout: `${eth0}  delay 20ms loss 1%\n` };
    expect(await call('impair', eth0, '--loss', '1%')).toMatchObject(both);
    const { stdout } = await call('exec', 'node/node1', '--', 'tc', 'qdisc', 'show', 'dev', 'eth0');
    expect(stdout).toMatch(/^qdisc netem .* delay 20ms loss 1%/);
    expect(await call('up', '-f', FILE)).toMatchObject({ code: 0, stdout: expect.stringContaining('changed') });
    expect(await call('impair')).toMatchObject({ stdout: 'no link is impaired\n' });
  });

  it('can be captured from, and the file read back', async () => {
    const path = `${folder}/capture.pcap`;
    /** What a connection begins with: a capture may begin in the middle of one. */
    const filter = ['dst', 'port', '30080', 'and', 'tcp[tcpflags] == tcp-syn'];
    const capture = call('capture', 'node/node1:eth0', '-w', path, '-c', '2', ...filter);
    const deadline = performance.now() + 10_000;
    let done = false;
    void capture.then(() => {
      done = true;
    });
    while (!done && performance.now() < deadline)
      await call('exec', 'host/client', '--', 'curl', '-s', 'http://10.0.0.11:30080/');
    expect((await capture).code).toBe(0);
    const { code, stdout, stderr } = await call('capture', '-r', path);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '2 packets\n' });
    expect(stdout).toMatch(/^(\S+ {2}TCP 10\.0\.0\.100:\d+ → 10\.0\.0\.11:30080 {2}SYN.*\n){2}$/);
  });

  it('tells who is where', async () => {
    const { stdout } = await call('inspect', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      nodes: [
        { place: 'node/node1', interfaces: [{ addresses: ['10.0.0.11'] }], podCIDR: '10.244.1.0/24' },
        { place: 'node/node2' },
      ],
      services: [
        {
          name: 'web',
          clusterIP: '10.96.0.100',
          ports: [{ nodePort: 30080, endpoints: [{ address: '10.244.2.2', port: 8080 }] }],
        },
      ],
    });
  });

  it('follows its file: what changed is changed, and the rest goes on', async () => {
    const moved = `${folder}/moved.yaml`;
    writeFileSync(moved, readFileSync(FILE, 'utf8').replace('replicas: 1', 'replicas: 3'));
    const plan = await call('up', '-f', moved, '--dry-run');
    expect(plan.stdout).toContain('ip netns add pod.default.web-2');
    expect(plan.stdout).not.toContain('10.0.0.11/24');
    expect(await call('up', '-f', moved)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('nodeport-snat changed'),
    });
    expect(
      JSON.parse((await call('exec', 'host/client', '--', 'curl', '-s', 'http://10.0.0.11:30080/')).stdout).endpoint,
    ).toMatch(/^pod\/web-[012]$/);
    expect(await call('trace', 'host/client', 'pod/web-2:8080')).toMatchObject({ code: 1 });
    expect(await call('up', '-f', FILE)).toMatchObject({ code: 0 });
    expect(await call('exec', 'pod/web-2', '--', 'true')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('there is no pod/web-2'),
    });
  });

  it('is untouched by a file with an error', async () => {
    const wrong = `${folder}/wrong.yaml`;
    writeFileSync(wrong, readFileSync(FILE, 'utf8').replace('nodePort: 30080', 'nodePort: 80'));
    expect(await call('up', '-f', wrong)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/wrong\.yaml:\d+:\d+: error: nodePort 80 is out of range/),
    });
    expect(await call('trace', 'host/client', 'nodeport/web:80@node1')).toMatchObject({ code: 0 });
  });
});

describe('several labs', () => {
  it('do not disturb each other, though they have the same addresses', async () => {
    expect(await call('up', '-f', FILE, '--name', 'second')).toMatchObject({ code: 0 });
    expect(await call('exec', 'host/client', '--', 'true')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('several labs are running'),
    });
    const [first, second] = await Promise.all(
      ['nodeport-snat', 'second'].map((lab) => call('trace', 'host/client', 'nodeport/web:80@node1', '--lab', lab)),
    );
    expect([first!.code, second!.code]).toEqual([0, 0]);
    expect(await call('down', 'second')).toMatchObject({ code: 0, stdout: 'second is down\n' });
    expect(await call('trace', 'host/client', 'nodeport/web:80@node1')).toMatchObject({ code: 0 });
  });

  it('that are not there are nothing to take down', async () => {
    expect(await call('down', 'nobody')).toMatchObject({ code: 0, stdout: 'there is no lab nobody\n' });
  });
});
