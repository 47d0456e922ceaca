/**
 * kube-proxy as a process: what becomes of connections it cannot pass on, of those without a mark, and of its ports when
 * the cluster changes.
 *
 *   pod/client ── node1 ── kube-proxy ─┬─ 10.244.1.1:9999   node1's own bridge: nobody listens there
 *   10.244.1.2                         ├─ 10.244.2.9:8080   nobody has the address
 *                                      └─ 10.244.2.2:8080   pod/live on node2
 */
import { afterAll, beforeAll, describe, expect, test as it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import type { ConnectionVerdict } from '../../src/judge/verdict.ts';
import { examine } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { endpointsObject, pod, service, stream, topology } from '../model/objects.ts';
import { preparedText, sandboxes } from './tools.ts';

const PORTS = [
  { name: 'http', port: 80, targetPort: 8080 },
  { name: 'dns', port: 53, protocol: 'UDP' },
];
const manual = (name: string, ...endpoints: readonly [address: string, port: number][]) => [
  service(name, { selector: undefined, ports: PORTS }),
  endpointsObject(
    name,
    endpoints.map(([ip, port]) => ({
      addresses: [{ ip }],
      ports: [
        { name: 'http', port },
        { name: 'dns', port, protocol: 'UDP' },
      ],
    })),
  ),
];

function lab(proxy: object, checks: readonly object[], ...documents: readonly string[]): string {
  const nodes = [{ name: 'node1' }, { name: 'node2' }];
  return stream(
    topology({ nodes, hosts: [{ name: 'out' }], cluster: { proxy }, checks }),
    pod('client', { node: 'node1' }),
    pod('live', { node: 'node2', ports: [8080, '53/UDP'], labels: { app: 'live' } }),
    ...documents,
  );
}

const USERSPACE = { mode: 'userspace' };
const LIVE = service('live', { type: 'NodePort', ports: PORTS });

describe('what kube-proxy cannot pass on', () => {
  const check = (to: string, from: unknown = 'pod/client') => ({
    name: `${to} from ${JSON.stringify(from)}`,
    from,
    to,
  });
  const prepared = preparedText(
    lab(
      USERSPACE,
      [
        check('service/refusing:http'),
        check('service/refusing:dns'),
        check('service/silent:http'),
        check('service/silent:dns'),
        check('service/mixed:http'),
        check('service/chain:http'),
        check('service/live:dns', { place: 'pod/client', size: 5000 }),
      ],
      LIVE,
      ...manual('refusing', ['10.244.1.1', 9999]),
      ...manual('silent', ['10.244.2.9', 8080]),
      ...manual('mixed', ['10.244.1.1', 8080], ['10.244.2.2', 8080]),
      service('chain', { selector: undefined, ports: [{ name: 'http', port: 80 }] }),
      endpointsObject('chain', [{ addresses: [{ ip: '10.96.0.100' }], ports: [{ name: 'http', port: 80 }] }]),
    ),
  );
  let verdicts: readonly ConnectionVerdict[];
  const walkTo = (to: string) => verdicts.find(({ check }) => check.to.text === to)!.walk!;

  beforeAll(async () => {
    const built = await buildLab(prepared.cluster, prepared.state, await sandboxes.for(prepared.state));
    try {
      verdicts = (await examine(built, prepared.cluster.checks)).filter((verdict) => verdict.kind === 'connection');
    } finally {
      await built.close();
    }
  });

  it('leaves no outcome in doubt', () => {
    expect(verdicts.map(({ verdict, reason }) => (verdict === 'pass' ? verdict : reason))).toEqual(
      verdicts.map(() => 'pass'),
    );
  });

  it('is refused by an endpoint: it tries four times and resets the client', () => {
    const { outcome, rejection, reason } = walkTo('service/refusing:http');
    expect({ outcome, rejection }).toEqual({ outcome: 'rejected', rejection: { by: 'node/node1', with: 'tcp-reset' } });
    expect(reason).toContain('tried 10.244.1.1:9999: ECONNREFUSED (4 times)');
  });

  it('and says nothing of an error to whoever sent a datagram', () => {
    expect(walkTo('service/refusing:dns')).toMatchObject({
      outcome: 'reply-lost',
      reason: expect.stringContaining('port unreachable'),
    });
  });

  it('gets lost behind it, and is followed there', () => {
    for (const to of ['service/silent:http', 'service/silent:dns'])
      expect(walkTo(to)).toMatchObject({
        outcome: 'no-neighbour',
        reason: 'node/node2 asked who has 10.244.2.9, and nobody answered',
      });
    const { relay } = walkTo('service/silent:http').hops.find(({ relay }) => relay)!;
    expect(relay?.connected).toBe(false);
  });

  it('goes to the next endpoint', () => {
    const walk = walkTo('service/mixed:http');
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/live' });
    expect(walk.hops.find(({ relay }) => relay)?.relay?.failed).toEqual([
      { endpoint: '10.244.1.1:8080', failure: 'ECONNREFUSED' },
    ]);
  });

  it('goes through a second relay where the endpoint is a Service again', () => {
    const walk = walkTo('service/chain:http');
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/live' });
    expect(walk.hops.flatMap(({ relay }) => relay?.serves ?? [])).toEqual(['default/chain:http', 'default/live:http']);
  });

  it('is cut off where a datagram is longer than its buffer', () => {
    const sizes = walkTo('service/live:dns').hops.map(({ packet }) => packet.info);
    expect([...new Set(sizes)]).toEqual(['5000 bytes', '4096 bytes']);
  });
});

describe('a running process', () => {
  const first = preparedText(lab(USERSPACE, [], LIVE));
  let running: Lab & { close(): Promise<void> };
  const shell = async (namespace: string, command: string) =>
    (await running.agent.call('run', { namespace, argv: ['bash', '-c', command] })).stdout;
  const listening = async () =>
    (await shell('node.node1', 'ss -Htuln'))
      .split('\n')
      .flatMap((line) => / 0\.0\.0\.0:(\d+) /.exec(line)?.[1] ?? [])
      .sort();
  const say = (words: string) => `exec 3<>/dev/tcp/10.96.0.100/80; printf '${words}' >&3; timeout 2 cat <&3`;

  beforeAll(async () => {
    running = await buildLab(first.cluster, first.state, await sandboxes.for(first.state));
  });
  afterAll(() => running.close());

  it('relays what carries no mark: the pod answers a line, and saw the node', async () => {
    expect(JSON.parse(await shell('pod.default.client', say('hello\\n\\n')))).toMatchObject({
      endpoint: 'pod/live',
      source: expect.stringMatching(/^10\.244\.1\.0:/),
    });
  });

  it('listens on its proxy ports, and holds the NodePorts', async () => {
    const [http, dns] = first.state.namespaces.find(({ name }) => name === 'node.node1')!.relays;
    const wanted = [http!.port, dns!.port, 30_080, 30_053, 8472].map(String);
    expect(await listening()).toEqual(wanted.sort());
  });

  it('takes endpoints as they come and go, keeps connections, and ends with its mode', async () => {
    const change = async (from: typeof first, to: typeof first) => {
      await running.agent.call('apply', converge(from.state, to.state));
      await running.agent.call('listen', to.cluster.listeners);
    };
    const gone = preparedText(
      lab(USERSPACE, [], service('live', { type: 'NodePort', ports: PORTS, selector: { app: 'x' } })),
    );
    const other = preparedText(lab({ mode: 'iptables' }, [], LIVE));

    const patient = shell(
      'pod.default.client',
      `exec 3<>/dev/tcp/10.96.0.100/80; sleep 1; printf 'hello\\n\\n' >&3; timeout 2 cat <&3`,
    );
    await new Promise((resolve) => setTimeout(resolve, 400));
    await change(first, gone);
    expect(await shell('pod.default.client', `${say('hello\\n\\n')} 2>&1`)).not.toContain('pod/live');
    expect(await patient).toContain('pod/live');

    await change(gone, other);
    expect(await listening()).toEqual(['8472']);
    expect(JSON.parse(await shell('pod.default.client', say('hello\\n\\n')))).toMatchObject({
      source: expect.stringMatching(/^10\.244\.1\.2:/),
    });
    await change(other, first);
    expect(await shell('pod.default.client', say('hello\\n\\n'))).toContain('"source":"10.244.1.0:');
  });
});

it('a Service whose endpoint leads back to it does not take everything else along', async () => {
  const circle = [
    service('circle', { type: 'NodePort', selector: undefined, ports: [{ port: 81, nodePort: 30_081 }] }),
    endpointsObject('circle', [{ addresses: [{ ip: '10.0.0.11' }], ports: [{ port: 30_081 }] }]),
  ];
  const { cluster, state } = preparedText(
    lab(
      USERSPACE,
      [
        { name: 'round and round', from: 'pod/client', to: 'service/circle:81', timeout: '5s' },
        { name: 'the others', from: 'pod/client', to: 'service/live:http', timeout: '5s' },
      ],
      LIVE,
      ...circle,
    ),
  );
  const built = await buildLab(cluster, state, await sandboxes.for(state));
  try {
    const [around] = await examine(built, cluster.checks.slice(0, 1));
    expect(around).toMatchObject({ walk: { outcome: expect.not.stringMatching('delivered') } });
    const [others] = await examine(built, cluster.checks.slice(1));
    expect(others).toMatchObject({ verdict: 'pass', walk: { outcome: 'delivered' } });
  } finally {
    await built.close();
  }
});
