/** What the command does with whole runs: reporters, matrices, parts, exit codes, plain Kubernetes YAML. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CNI_MODES } from '../../src/parse/schema/cni.ts';
import { resultSchema } from '../../src/report/json.ts';
import { packetwalk } from './tools.ts';

const folder = mkdtempSync('/tmp/packetwalk-run-');
const GOOD = 'topologies/nodeport-snat.yaml';

describe('packetwalk test', () => {
  it('ends 0 when every check passes, and shows each walk of a single topology', async () => {
    const { code, stdout } = await packetwalk(['test', GOOD]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/DNAT {2}10\.0\.0\.11:30080 → 10\.244\.2\.2:8080/);
    expect(stdout).toContain('VXLAN vni 1  10.0.0.11 → 10.0.0.12:8472');
    expect(stdout).toMatch(/4 passed · 4 checks in 1 lab/);
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('ends 1 when a check fails, and says where the packet went instead', async () => {
    const { code, stdout } = await packetwalk(['test', GOOD, '--fault', 'no-fdb']);
    expect(code).toBe(1);
    expect(stdout).toContain('dropped: it was last seen leaving node/node1 by flannel.1, never at pod/web-0\n');
  });

  it('ends 2 when a file is wrong, with every problem, and builds nothing', async () => {
    const wrong = `${folder}/wrong.yaml`;
    writeFileSync(
      wrong,
      readFileSync(GOOD, 'utf8')
        .replace('outcome: delivered', 'outcome: deliverd')
        .replace('endpoint: pod/web-0', 'endpoint: pod/web-9'),
    );
    const { code, stdout, stderr } = await packetwalk(['test', GOOD, wrong]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toContain('did you mean "delivered"?');
  });

  it('ends 3 when nothing ran', async () => {
    expect(await packetwalk(['test', GOOD, '-t', 'no check is called that'])).toMatchObject({
      code: 3,
      stderr: 'no check matches\n',
    });
    expect(await packetwalk(['test', folder])).toMatchObject({ code: 2 });
  });

  it('writes several reports at once, the JSON one as its schema says', async () => {
    const { code } = await packetwalk([
      'test',
      GOOD,
      '--reporter',
      'text',
      '--reporter',
      'json',
      '--reporter',
      'junit',
      '--output-file',
      `json=${folder}/r.json`,
      '--output-file',
      `junit=${folder}/r.xml`,
    ]);
    expect(code).toBe(0);
    const result = resultSchema.parse(JSON.parse(readFileSync(`${folder}/r.json`, 'utf8')));
    expect(result.totals).toMatchObject({ labs: 1, checks: 4, passed: 4 });
    expect(result.labs[0]!.checks[0]!.observed).toMatchObject({
      outcome: 'delivered',
      endpoint: 'pod/web-0',
      sourceSeen: expect.stringMatching(/^10\.244\.1\.0:/),
    });
    expect(readFileSync(`${folder}/r.xml`, 'utf8')).toContain(
      '<testsuite name="nodeport-snat · iptables · vxlan" tests="4" failures="0"',
    );
  });

  it('runs a matrix of modes', async () => {
    const { stdout } = await packetwalk([
      'test',
      'topologies/hwa.yaml',
      '--cni',
      'vxlan,host-gw,bridge',
      '--reporter',
      'json',
    ]);
    expect(JSON.parse(stdout).labs.map(({ cni, proxy }: { cni: string; proxy: string }) => `${proxy} ${cni}`)).toEqual([
      'iptables vxlan',
      'iptables host-gw',
      'iptables bridge',
    ]);
  });

  it('names the modes there are when asked for another', async () => {
    expect(await packetwalk(['test', GOOD, '--cni', 'vxlam'])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`did you mean "vxlan"? allowed: ${CNI_MODES.join(', ')}, all`),
    });
  });

  it('splits a folder into parts that together are the whole', async () => {
    const names = async (part: string) => {
      const { stdout } = await packetwalk([
        'test',
        'topologies',
        '-t',
        'pod answers ping|NodePort answers on the first',
        '--shard',
        part,
        '--reporter',
        'json',
      ]);
      return (JSON.parse(stdout).labs as { name: string }[]).map(({ name }) => name);
    };
    const whole = (await names('1/1')).sort();
    expect(whole.length).toBeGreaterThan(1);
    const [zero, one, two] = [await names('0/2'), await names('1/2'), await names('2/2')];
    expect([...one, ...two].sort()).toEqual(whole);
    expect([...zero, ...one].sort()).toEqual(whole);
  });

  it('ends 3 for a part with nothing in it: more runners than labs are a mistake', async () => {
    expect(await packetwalk(['test', GOOD, '--shard', '2/3'])).toMatchObject({
      code: 3,
      stderr: 'this part is empty: all parts together have 1 lab\n',
    });
  });

  it('takes only the checks that match', async () => {
    const { stdout } = await packetwalk(['test', GOOD, '-t', 'returns through', '--reporter', 'tap']);
    expect(stdout).toContain(
      '1..1\nok 1 - nodeport-snat · iptables · vxlan: the answer returns through the entry node',
    );
  });
});

describe('plain Kubernetes YAML, without a Topology', () => {
  const text = readFileSync('topologies/my-nginx.yaml', 'utf8').split('\n---\n').slice(1).join('\n---\n');
  const file = `${folder}/my-nginx.yaml`;
  writeFileSync(file, text);

  it('can be traced from a pod to a Service', async () => {
    const { code, stdout } = await packetwalk(['trace', 'pod/my-nginx-0', 'service/my-nginx:80', '-f', file]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/DNAT {2}10\.96\.0\.100:80 → 10\.244\.[12]\.2:80/);
    expect(stdout).toMatch(/delivered to pod\/my-nginx-[01]/);
  });

  it('comes in by standard input as well', async () => {
    const { code, stdout } = await packetwalk(['trace', 'host/client', 'node/node1', '-f', '-', '-o', 'json'], {
      input: text,
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ outcome: 'delivered', path: ['host/client', 'node/node1'] });
  });
});

describe('packetwalk diff', () => {
  const diff = (...args: string[]) => packetwalk(['diff', ...args]);

  it('says in words and line by line what moved between two modes', async () => {
    const { code, stdout } = await diff('-f', GOOD, '--cni', 'vxlan,host-gw', '-t', 'hides the client');
    expect(code).toBe(0);
    expect(stdout).toContain('  delivered to pod/web-0 in both\n');
    expect(stdout).toContain('DNAT unchanged: 10.0.0.11:30080 → 10.244.2.2:8080; at node/node1; by KUBE-NODEPORTS');
    expect(stdout).toMatch(/^ {2}- node\/node1 .* VXLAN vni 1 {2}10\.0\.0\.11 → 10\.0\.0\.12:8472$/m);
    expect(stdout).toMatch(/^ {2}\+ node\/node2 +eth0 +in /m);
    expect(stdout.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('takes a connection from the command line, and writes JSON', async () => {
    const args = ['host/client', 'node/node2:99', '-f', GOOD, '--proxy', 'iptables,none', '-o', 'json'];
    const { code, stdout } = await diff(...args);
    expect(code).toBe(0);
    const { differences } = JSON.parse(stdout);
    expect(differences).toHaveLength(1);
    expect(differences[0]).toMatchObject({ from: 'host/client', to: '10.0.0.12:99', modes: ['iptables', 'none'] });
    expect(differences[0].statements).toEqual(['rejected: node/node2 rejected it: TCP reset in both']);
  });

  it.each([
    [['-f', GOOD], 'two combinations of modes are compared, and here is one'],
    [['-f', GOOD, '--cni', 'vxlan,host-gw', '--proxy', 'iptables,none'], 'and here are 4'],
    [['-f', GOOD, '--cni', 'vxlan,bridge', '-t', 'nothing like it'], 'no check of the topology sends anything'],
    [['pod/web-0', '-f', GOOD, '--cni', 'vxlan,bridge'], 'it is not said where the connection goes'],
  ])('that cannot be made is refused: %j', async (args, message) => {
    const { code, stderr } = await diff(...args);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(message) });
  });
});

describe('packetwalk trace', () => {
  it('names the rules that matched, in order, and what connection tracking knows', async () => {
    const { code, stdout } = await packetwalk([
      'trace',
      'host/client',
      'nodeport/web:80@node1',
      '-f',
      GOOD,
      '--rules',
      '-o',
      'json',
    ]);
    expect(code).toBe(0);
    const { rules, tracked } = JSON.parse(stdout) as {
      rules: { place: string; direction: string; rules: { chain: string }[] }[];
      tracked: { place: string; entries: string[] }[];
    };
    const entry = rules.find(({ place, direction }) => place === 'node/node1' && direction === 'forward')!;
    expect(entry.rules.map(({ chain }) => chain.replace(/-[A-Z2-7]{16}$/, ''))).toEqual([
      'PREROUTING',
      'KUBE-SERVICES',
      'KUBE-NODEPORTS',
      'KUBE-EXT',
      'KUBE-MARK-MASQ',
      'KUBE-EXT',
      'KUBE-SVC',
      'KUBE-SEP',
      'FORWARD',
      'FORWARD',
      'KUBE-FORWARD',
      'POSTROUTING',
      'KUBE-POSTROUTING',
      'KUBE-POSTROUTING',
    ]);
    expect(tracked.find(({ place }) => place === 'node/node1')!.entries[0]).toMatch(
      /src=10\.0\.0\.100 dst=10\.0\.0\.11 .*src=10\.244\.2\.2 dst=10\.244\.1\.0/,
    );
  });

  it('ends 1 and tells the fate of what was not delivered', async () => {
    const { code, stdout } = await packetwalk(['trace', 'host/client', 'node/node1:99', '-f', GOOD]);
    expect(code).toBe(1);
    expect(stdout).toContain('rejected: node/node1 rejected it: TCP reset');
  });

  it('refuses a destination it does not understand, and says what would be one', async () => {
    expect(await packetwalk(['trace', 'host/client', 'service/wep:80', '-f', GOOD])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "web"?'),
    });
    expect(await packetwalk(['trace', 'host/klient', 'service/web:80', '-f', GOOD])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean "host/client"?'),
    });
  });
});

describe('commands that build nothing', () => {
  it('print a plan that is the same every time', async () => {
    const [first, second] = [await packetwalk(['plan', '-f', GOOD]), await packetwalk(['plan', '-f', GOOD])];
    expect(first.code).toBe(0);
    expect(first.stdout).toBe(second.stdout);
    expect(first.stdout).toContain('ip netns exec node.node1 iptables-restore <<');
  });

  it('print JSON Schemas', async () => {
    const schema = JSON.parse((await packetwalk(['schema'])).stdout);
    expect(
      schema.properties.spec.properties.cluster.properties.cni.oneOf ??
        schema.properties.spec.properties.cluster.properties.cni.anyOf,
    ).toHaveLength(CNI_MODES.length);
    expect(JSON.parse((await packetwalk(['schema', 'result'])).stdout).properties.version.const).toBe(1);
  });

  it('print completion scripts that ask for what fits', async () => {
    expect((await packetwalk(['completion', 'bash'])).stdout).toContain('packetwalk complete --');
    expect((await packetwalk(['complete', '--', 'tr'])).stdout).toContain('trace');
  });

  it('find this machine able to run labs', async () => {
    expect(await packetwalk(['doctor'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('ready: packetwalk test topologies'),
    });
  });
});
