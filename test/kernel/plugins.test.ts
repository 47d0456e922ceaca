/**
 * Real CNI plugins against what mode `bridge` builds itself, and what becomes of plugins that do not do what they should.
 *
 *   pod/web 10.244.1.2 ─┐                                             ┌─ pod/b 10.244.2.2
 *   pod/a   10.244.1.3 ─┴ cni0 10.244.1.1 ─ node1 ─ lan ─ node2 ─ cni0 ┘
 */
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import { readSources } from '../../src/cli/input.ts';
import { chainName, containerId } from '../../src/compile/cni/names.ts';
import { prepare, test, trace } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { pod, service, stream, topology } from '../model/objects.ts';
import { normalized, packetwalk, prepared, preparedText, SNAPSHOT, sandboxes } from './tools.ts';

const FOLDER = '/usr/lib/cni';
const LABS = { timeout: 120_000 };
const folders: string[] = [];

if (!existsSync(`${FOLDER}/bridge`)) throw new Error('sudo apt-get install containernetworking-plugins');
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A folder with some of the real plugins and some that are shell scripts. */
function pluginFolder(real: readonly string[], scripts: Record<string, string> = {}): string {
  const folder = mkdtempSync('/tmp/packetwalk-cni-');
  folders.push(folder);
  for (const name of real) symlinkSync(`${FOLDER}/${name}`, join(folder, name));
  for (const [name, body] of Object.entries(scripts)) {
    const versions = '{"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0","1.1.0"]}';
    const text = `#!/bin/sh\n[ "$CNI_COMMAND" = VERSION ] && echo '${versions}' && exit\n${body}\n`;
    writeFileSync(join(folder, name), text);
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

const BRIDGE = {
  type: 'bridge',
  isDefaultGateway: true,
  ipMasq: true,
  hairpinMode: true,
  ipam: { type: 'host-local', ranges: [[{ subnet: '{{.PodCIDR}}' }]] },
};

function text(plugins: readonly object[], options: object = {}, conf: object = {}, ...pods: readonly string[]): string {
  const cni = { mode: 'plugins', conf: { cniVersion: '1.0.0', name: 'mynet', ...conf, plugins }, ...options };
  const all = pods.length > 0 ? pods : [pod('a', { node: 'node1', ports: [8080] })];
  return stream(topology({ cluster: { cni }, nodes: [{ name: 'node1' }, { name: 'node2' }] }), ...all);
}

async function withLab<T>(topologyText: string, action: (lab: Lab) => Promise<T>): Promise<T> {
  const { cluster, state } = preparedText(topologyText);
  const lab = await buildLab(cluster, state, await sandboxes.for(state));
  try {
    return await action(lab);
  } finally {
    await lab.close();
  }
}

async function output({ agent }: Lab, namespace: string, ...argv: string[]): Promise<string> {
  return (await agent.call('run', { namespace, argv })).stdout;
}

/** What a topology of a lab that cannot be built is told. */
async function failure(topologyText: string): Promise<string> {
  try {
    await withLab(topologyText, async () => {});
  } catch (error) {
    return (error as Error).message;
  }
  return 'no failure';
}

describe('the same pods, connected by real plugins and by mode bridge', LABS, () => {
  const PODS = stream(
    pod('web', {
      node: 'node1',
      spec: { containers: [{ name: 'web', ports: [{ containerPort: 80, hostPort: 8000 }] }] },
    }),
    pod('a', { node: 'node1', ports: [8080] }),
    pod('b', { node: 'node2', ports: [8080] }),
    service('web', { selector: undefined }),
  );
  const source = (mode: string) => stream(topology({ cluster: { cni: { mode } } }), PODS.trim());

  /** What `bridge` calls its network, and the plugins theirs. */
  const NETWORKS: Record<string, string> = { bridge: 'bridge', plugins: 'mynet' };

  /**
   * Names and MAC addresses are drawn, and the names of chains made of the network's. The plugins of version 1.1 make links
   * without a queue's length: no difference, as a veth has no queue either.
   */
  function comparable(listing: string, mode: string): string {
    const network = NETWORKS[mode]!;
    const chains = ['web', 'a', 'b'].flatMap((name) =>
      (['', 'DN-'] as const).map((prefix): [string, string] => [
        chainName(prefix, network, containerId({ namespace: 'default', name })),
        `CNI-${prefix}${name}`,
      ]),
    );
    return listing
      .split('\n')
      .map((line) => chains.reduce((text, [chain, name]) => text.replaceAll(chain, name), line))
      .map((line) => line.replaceAll(`name: \\"${network}\\"`, 'name: NETWORK'))
      .map((line) => line.replace(/\bveth[0-9a-f]{8}\b/g, 'veth').replace(/([0-9a-f]{2}:){5}[0-9a-f]{2}/g, 'MAC'))
      .map((line) => line.replace(/\b(bridge_id|root_id|designated_(bridge|root)) \S+|8000\.[0-9a-f:.]+/g, 'ID'))
      .map((line) => line.replace(/ qlen 1000\b/, ' '))
      .sort()
      .join('\n');
  }

  async function states(mode: string): Promise<Record<string, string>> {
    return withLab(source(mode), async (lab) => {
      const all: Record<string, string> = {};
      for (const namespace of ['node.node1', 'node.node2', 'pod.default.web', 'pod.default.a', 'pod.default.b'])
        for (const argv of SNAPSHOT) {
          if (argv[0] === 'nft') continue;
          all[`${namespace}: ${argv.join(' ')}`] = comparable(normalized(await output(lab, namespace, ...argv)), mode);
        }
      return all;
    });
  }

  it('ends in the same links, addresses, routes, rules and settings', async () => {
    const [real, own] = [await states('plugins'), await states('bridge')];
    expect(real).toEqual(own);
  });

  it('ends in the same walks', async () => {
    const hops = (mode: string) =>
      withLab(source(mode), async (lab) => {
        const found: string[] = [];
        for (const [from, address, port] of [
          ['pod/a', '10.244.1.2', 80],
          ['pod/a', '10.244.2.2', 8080],
          ['pod/b', '10.0.0.11', 8000],
          ['pod/web', '10.0.0.11', 8000],
        ] as const) {
          const check = {
            kind: 'connection' as const,
            name: from,
            from: { place: from, protocol: 'TCP' as const },
            to: { text: address, address, port },
            connections: 1,
            timeoutMs: 2000,
            origin: { file: '<test>', line: 1 },
          };
          const [walk] = (await trace(lab, check, false)).walks;
          const way = [...walk!.hops, ...walk!.replyHops].map(
            (hop) =>
              `${hop.place}:${hop.interface.replace(/^veth.*/, 'veth')} ${hop.direction} ${(hop.rewrites ?? []).map(({ kind }) => kind)}`,
          );
          found.push(`${from} ${walk!.outcome} ${walk!.sourceSeen?.replace(/:\d+$/, '')}`, ...way);
        }
        return found;
      });
    const real = await hops('plugins');
    expect(real.filter((line) => line.includes('delivered'))).toHaveLength(4);
    expect(real).toEqual(await hops('bridge'));
  });
});

describe('other plugins', LABS, () => {
  const first = pod('a', { node: 'node1', ports: [8080] });
  const second = pod('b', { node: 'node1', ports: [8080] });
  const ipam = BRIDGE.ipam;

  async function reaches(topologyText: string): Promise<{ outcome: string; path: string[] }> {
    return withLab(topologyText, async (lab) => {
      const to = { text: '10.244.1.3', address: '10.244.1.3', port: 8080 };
      const check = {
        kind: 'connection' as const,
        name: 'a to b',
        from: { place: 'pod/a', protocol: 'TCP' as const },
        to,
        connections: 1,
        timeoutMs: 2000,
        origin: { file: '<test>', line: 1 },
      };
      const [walk] = (await trace(lab, check, false)).walks;
      return { outcome: walk!.doubt ?? walk!.outcome, path: [...new Set(walk!.hops.map(({ place }) => place))] };
    });
  }

  it('ptp: by the node, without a bridge', async () => {
    const ptp = [{ type: 'ptp', ipMasq: true, ipam }];
    expect(await reaches(text(ptp, {}, {}, first, second))).toEqual({
      outcome: 'delivered',
      path: ['pod/a', 'node/node1', 'pod/b'],
    });
  });

  it('macvlan: from pod to pod, past the node', async () => {
    const macvlan = [{ type: 'macvlan', master: 'eth0', ipam }];
    expect(await reaches(text(macvlan, {}, {}, first, second))).toEqual({
      outcome: 'delivered',
      path: ['pod/a', 'pod/b'],
    });
  });

  it('static and tuning get the address and the MAC address as capabilities', async () => {
    const plugins = [
      { type: 'bridge', capabilities: { ips: true }, ipam: { type: 'static' } },
      { type: 'tuning', capabilities: { mac: true }, sysctl: { 'net.ipv4.conf.eth0.arp_filter': '1' } },
      { type: 'firewall' },
    ];
    await withLab(text(plugins), async (lab) => {
      expect(await output(lab, 'pod.default.a', 'ip', 'addr', 'show', 'eth0')).toMatch(
        /0a:58:0a:f4:01:02[\s\S]*10\.244\.1\.2\/24/,
      );
      expect(await output(lab, 'pod.default.a', 'sysctl', '-n', 'net.ipv4.conf.eth0.arp_filter')).toBe('1\n');
      expect(await output(lab, 'node.node1', 'iptables-save', '-t', 'filter')).toContain(
        '-A CNI-FORWARD -s 10.244.1.2/32 -j ACCEPT',
      );
    });
  });

  it('loopback hands on what it was given', async () => {
    await withLab(text([BRIDGE, { type: 'loopback' }]), async (lab) => {
      expect(await output(lab, 'pod.default.a', 'ip', '-br', 'addr')).toMatch(
        /^lo +UNKNOWN +127\.0\.0\.1\/8[\s\S]*^eth0\S+ +UP +10\.244\.1\.2\/24/m,
      );
    });
  });

  it('host-device: the pod gets an interface of its node', async () => {
    const plugins = [{ type: 'host-device', device: 'eth1', capabilities: { ips: true }, ipam: { type: 'static' } }];
    const interfaces = [{ network: 'lan' }, { network: 'pods' }];
    const lab = stream(
      topology({
        cluster: { cni: { mode: 'plugins', conf: { cniVersion: '1.0.0', name: 'mynet', plugins } } },
        networks: [
          { name: 'lan', cidr: '10.0.0.0/24' },
          { name: 'pods', cidr: '10.0.1.0/24' },
        ],
        nodes: [{ name: 'node1', interfaces }],
      }),
      pod('a', { node: 'node1' }),
    );
    await withLab(lab, async (running) => {
      expect(await output(running, 'pod.default.a', 'ip', '-br', 'addr', 'show', 'eth0')).toMatch(/ 10\.244\.1\.2\/24/);
      expect(await output(running, 'node.node1', 'ip', '-br', 'link')).not.toContain('eth1');
    });
  });

  /** Not every kernel has 802.1Q; that of the virtual machine has. */
  it.skipIf(process.env.PACKETWALK_SANDBOX !== 'vm')('vlan: a tagged interface on that of the node', async () => {
    const plugins = [{ type: 'vlan', master: 'eth0', vlanId: 5, ipam }];
    await withLab(text(plugins), async (lab) => {
      expect(await output(lab, 'pod.default.a', 'ip', '-d', 'link', 'show', 'eth0')).toContain(
        'vlan protocol 802.1Q id 5',
      );
    });
  });

  it('CHECK finds what was changed by hand', async () => {
    await withLab(text([BRIDGE]), async (lab) => {
      expect(await lab.agent.call('checkAttachments')).toEqual([{ place: 'pod/a' }]);
      await output(lab, 'pod.default.a', 'ip', 'addr', 'flush', 'dev', 'eth0');
      const [checked] = await lab.agent.call('checkAttachments');
      expect(checked).toMatchObject({
        place: 'pod/a',
        problem: expect.stringMatching(/CNI_COMMAND=CHECK bridge: pod\/a on network mynet: error \d+/),
      });
    });
  });
});

describe('a running lab', LABS, () => {
  it('deletes pods that are gone and adds new ones; others keep their links', async () => {
    const [a, b, c] = ['a', 'b', 'c'].map((name) => pod(name, { node: 'node1', ports: [8080] }));
    await withLab(text([BRIDGE], {}, {}, a!, b!), async (lab) => {
      const before = await output(lab, 'pod.default.a', 'ip', '-o', 'link', 'show', 'eth0');
      const current = preparedText(text([BRIDGE], {}, {}, a!, b!)).state;
      const wanted = preparedText(
        text([BRIDGE], {}, {}, a!, c!.replace('"spec"', '"status":{"podIP":"10.244.1.9"},"spec"')),
      ).state;
      await lab.agent.call('apply', converge(current, wanted));
      expect(await output(lab, 'pod.default.a', 'ip', '-o', 'link', 'show', 'eth0')).toBe(before);
      expect(await output(lab, 'pod.default.c', 'ip', '-o', 'addr', 'show', 'eth0')).toContain('10.244.1.9/24');
      expect(await output(lab, 'node.node1', 'iptables-save', '-t', 'nat')).not.toContain('10.244.1.3');
      expect(readLinks(await output(lab, 'node.node1', 'ip', '-br', 'link'))).toHaveLength(2);
    });
  });

  it('has its plugins asked for their status and, when pods have gone, to collect garbage', async () => {
    const log = '/var/lib/calls';
    const result = '{"cniVersion":"1.1.0","ips":[{"address":"\'"$ip"\'"}]}';
    const path = pluginFolder([], {
      custom: `cat >>${log}; echo " $CNI_COMMAND" >>${log}; ip=\${CNI_ARGS##*IP=}; [ "$CNI_COMMAND" = ADD ] && echo '${result}'; exit 0`,
    });
    const lab = (...names: string[]) =>
      text(
        [{ type: 'custom' }],
        { path },
        { cniVersion: '1.1.0' },
        ...names.map((name) => pod(name, { node: 'node1' })),
      );
    await withLab(lab('a', 'b'), async (running) => {
      const [current, wanted] = [lab('a', 'b'), lab('a')].map((each) => preparedText(each).state);
      await running.agent.call('apply', converge(current!, wanted!));
      const calls = (await output(running, 'node.node1', 'cat', '/run/nodes/node.node1/calls')).trim().split('\n');
      expect(calls.map((line) => line.split(' ').at(-1))).toEqual(['STATUS', 'ADD', 'ADD', 'DEL', 'GC']);
      const { 'cni.dev/valid-attachments': valid } = JSON.parse(calls.at(-1)!.replace(/ GC$/, '')) as Record<
        string,
        unknown
      >;
      expect(valid).toEqual([{ containerID: containerId({ namespace: 'default', name: 'a' }), ifname: 'eth0' }]);
      expect(JSON.parse(calls[3]!.replace(/ DEL$/, ''))).toMatchObject({
        prevResult: { ips: [{ address: '10.244.1.3/24' }] },
      });
    });
  });

  function readLinks(listing: string): string[] {
    return listing.split('\n').filter((line) => line.startsWith('veth'));
  }
});

describe('a plugin that', LABS, () => {
  const custom = (body: string, options: object = {}) =>
    text([BRIDGE, { type: 'custom' }], { path: pluginFolder(['bridge', 'host-local'], { custom: body }), ...options });
  const AT = String.raw`\(in node\.node1, for text\.yaml:1\)`;

  it.each([
    [
      'is missing',
      () => text([{ type: 'nobody' }]),
      /CNI_COMMAND=VERSION nobody: there is no plugin nobody in .*\/usr\/lib\/cni .*\n {2}= sudo apt-get install containernetworking-plugins/,
    ],
    [
      'fails by its own code',
      () => custom(`echo '{"code":100,"msg":"no luck","details":"none at all"}'; exit 1`),
      new RegExp(
        `CNI_COMMAND=ADD custom: pod/a on network mynet: error 100, the plugin's own: no luck; none at all ${AT}`,
      ),
    ],
    [
      'fails by a well-known code',
      () => custom(`echo '{"code":7,"msg":"bad mtu"}'; exit 1`),
      /error 7, its configuration is wrong: bad mtu/,
    ],
    [
      'fails without an error object',
      () => custom('echo Segmentation fault >&2; exit 3'),
      /exit code 3, and it printed no error object but: Segmentation fault/,
    ],
    ['prints rubbish', () => custom('echo "all is well"'), /what it printed is no result: all is well/],
    ['prints nothing', () => custom('true'), /it printed nothing/],
    [
      'does not end',
      () => custom('[ "$CNI_COMMAND" = DEL ] || sleep 1000', { timeout: '1s' }),
      /not finished after 1 s, and stopped/,
    ],
    [
      'gives another address',
      () =>
        text([{ type: 'custom' }], {
          path: pluginFolder([], { custom: `echo '{"cniVersion":"1.0.0","ips":[{"address":"10.9.9.9/24"}]}'` }),
        }),
      /gave it 10\.9\.9\.9, and the lab knows it as 10\.244\.1\.2/,
    ],
    [
      'speaks older versions',
      () => text([BRIDGE], {}, { cniVersion: '1.1.0' }),
      /it speaks CNI .*1\.0\.0, and the network configuration is of version 1\.1\.0/,
    ],
    [
      'is not ready',
      () =>
        text(
          [{ type: 'custom' }],
          { path: pluginFolder([], { custom: `echo '{"code":50,"msg":"no backend"}'; exit 1` }) },
          { cniVersion: '1.1.0' },
        ),
      /CNI_COMMAND=STATUS custom: error 50, it is not ready to connect pods: no backend/,
    ],
  ] as const)('%s', async (_, made, words) => {
    expect(await failure(made())).toMatch(words);
  });

  it('fails half-way leaves nothing behind: DEL is called for all of the list, the last plugin first', async () => {
    const log = '/var/lib/calls';
    const path = pluginFolder(['host-local'], {
      bridge: `echo "bridge $CNI_COMMAND" >>${log}; CNI_PATH=$CNI_PATH exec ${FOLDER}/bridge`,
      custom: `echo "custom $CNI_COMMAND" >>${log}; [ "$CNI_COMMAND" = DEL ] && exit; echo '{"code":11,"msg":"later"}'; exit 1`,
    });
    const plain = preparedText(text([BRIDGE], { path }, {}, pod('a', { node: 'node2' })));
    const { cluster, state } = plain;
    const lab = await buildLab(cluster, state, await sandboxes.for(state));
    try {
      const wanted = preparedText(text([BRIDGE, { type: 'custom' }], { path }, {}, pod('b', { node: 'node1' }))).state;
      await expect(lab.agent.call('apply', converge(state, wanted))).rejects.toThrow(
        'error 11, it cannot do it now, and may be able to later: later',
      );
      expect(await output(lab, 'pod.default.b', 'ip', '-br', 'link')).not.toContain('eth0');
      expect(await output(lab, 'node.node1', 'ip', '-br', 'link')).not.toContain('veth');
      expect(await output(lab, 'node.node1', 'iptables-save', '-t', 'nat')).not.toContain('10.244.1.2');
      expect(await output(lab, 'node.node1', 'ls', '/run/nodes/node.node1/cni/networks/mynet')).not.toContain(
        '10.244.1.2',
      );
      const calls = await output(lab, 'node.node1', 'cat', '/run/nodes/node.node1/calls');
      expect(calls.split('\n').slice(-5)).toEqual(['bridge ADD', 'custom ADD', 'custom DEL', 'bridge DEL', '']);
    } finally {
      await lab.close();
    }
  });
});

it(
  'stale-cni0: the plugin bridge leaves the address of a bridge that is there, and connects nobody',
  LABS,
  async () => {
    const { prepared } = prepare(readSources(['topologies/cni-plugins.yaml']), {
      name: 'stale',
      namespace: 'default',
      faults: ['stale-cni0'],
    });
    const { verdicts, problem } = await test(prepared!, { file: 'cni-plugins.yaml', sandboxes });
    expect(problem?.message).toMatch(/"cni0" already has an IP address different from 10\.244\.[12]\.1\/24/);
    expect([...new Set(verdicts.map(({ verdict }) => verdict))]).toEqual(['skipped']);
  },
);

describe('on the command line', LABS, () => {
  it('a topology without its plugins is skipped with the package to install', async () => {
    const folder = pluginFolder([]);
    writeFileSync(
      join(folder, 'lab.yaml'),
      text([BRIDGE], { path: folder }).replace(
        '"nodes"',
        '"checks":[{"name":"ping","from":"pod/a","to":"node/node1"}],"nodes"',
      ),
    );
    const { code, stdout } = await packetwalk(['test', join(folder, 'lab.yaml')]);
    expect(stdout).toContain('sudo apt-get install containernetworking-plugins');
    expect(code).toBe(3);
  });

  it('inspect tells what the plugins find changed in a running lab', async () => {
    const folder = pluginFolder([]);
    const env = { XDG_RUNTIME_DIR: folder };
    chmodSync(folder, 0o700);
    writeFileSync(join(folder, 'lab.yaml'), text([BRIDGE]));
    const upped = await packetwalk(['up', '-f', join(folder, 'lab.yaml')], { env });
    expect(upped).toMatchObject({ code: 0 });
    try {
      expect((await packetwalk(['inspect', 'lab'], { env })).stdout).not.toContain('NOT AS THE PLUGINS LEFT IT');
      await packetwalk(['exec', 'pod/a', '--', 'ip', 'route', 'del', 'default'], { env });
      expect((await packetwalk(['inspect', 'lab'], { env })).stdout).toMatch(
        /NOT AS THE PLUGINS LEFT IT\n.*CHECK bridge: pod\/a/,
      );
    } finally {
      await packetwalk(['down', 'lab'], { env });
    }
  });

  it.each([
    ['is missing', undefined, /lab\.yaml:\d+:\d+: error: there is no file .*\/10-mynet\.conflist/],
    [
      'is no JSON',
      '{ "name": "x",\n  "plugins": [ { "type": "bridge", } ] }',
      /10-mynet\.conflist:2:\d+: error: .* is not JSON: "}" cannot stand here/,
    ],
    ['has no plugins', '{ "cniVersion": "1.0.0", "name": "x" }', /10-mynet\.conflist:1:\d+: error: plugins is missing/],
    [
      'is of an unknown version',
      '{ "cniVersion": "0.2.0", "name": "x", "plugins": [{ "type": "bridge" }] }',
      /10-mynet\.conflist:1:17: error: cniVersion cannot be "0\.2\.0"[\s\S]*allowed: 0\.3\.0/,
    ],
    [
      'has another placeholder',
      '{ "cniVersion": "1.0.0", "name": "x", "plugins": [{ "type": "bridge", "mtu": "{{.PodCidr}}" }] }',
      /there is no placeholder {{\.PodCidr}}[\s\S]*did you mean {{\.PodCIDR}}\?/,
    ],
  ])('a network configuration that %s', async (_, conflist, words) => {
    const folder = pluginFolder([]);
    writeFileSync(
      join(folder, 'lab.yaml'),
      stream(topology({ cluster: { cni: { mode: 'plugins', conf: '10-mynet.conflist' } } })),
    );
    if (conflist !== undefined) writeFileSync(join(folder, '10-mynet.conflist'), conflist);
    const { code, stderr } = await packetwalk(['lint', join(folder, 'lab.yaml')]);
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
  });

  it('nothing is written to the machine', async () => {
    const looked = () =>
      ['/var/lib/cni', '/run/cni', '/run/nodes'].map((path) => (existsSync(path) ? readdirSync(path) : path));
    const before = looked();
    await withLab(text([BRIDGE]), async () => {});
    expect(looked()).toEqual(before);
    expect(prepared('topologies/cni-plugins.yaml').cluster.cni.mode).toBe('plugins');
  });
});
