/** Checks with everything in them resolved, and every reference that leads nowhere refused where it stands. */
import { describe, expect, it } from 'vitest';
import type { Check, ConnectionCheck } from '../../src/model/check.ts';
import { clusterOf, error, errors } from './cluster.ts';
import { pod, service, stream, workload } from './objects.ts';

const REST = stream(
  pod('a', { node: 'node1' }),
  workload('web', { replicas: 3, ports: [8080] }),
  service('web', { type: 'NodePort', ports: [{ port: 80, targetPort: 8080 }] }),
  service('one', { type: 'LoadBalancer', loadBalancerIP: '10.0.0.200', selector: { app: 'web' } }),
  service('two', {
    type: 'LoadBalancer',
    loadBalancerIP: '10.0.0.200',
    selector: { app: 'web' },
    ports: [{ port: 443 }],
  }),
);

/** A Topology whose only check is this flow mapping, from line 6 on; the rest of the lab behind it. */
function withCheck(...lines: readonly string[]): string {
  const check = lines.map((line) => `      ${line}`).join('\n');
  return `apiVersion: packetwalk.dev/v1alpha1
kind: Topology
spec:
  nodes: [{ name: node1 }, { name: node2 }]
  hosts: [{ name: client }]
  checks:
    - name: a check
${check}
---
${REST}`;
}

function checkOf(...lines: readonly string[]): Check {
  return clusterOf(withCheck(...lines)).checks[0]!;
}

function expectationOf(expectation: string, ...lines: readonly string[]) {
  const check = checkOf('from: host/client', 'to: service/web:80', ...lines, `expect: ${expectation}`);
  return (check as ConnectionCheck).expect;
}

describe('a connection check', () => {
  it('has defaults for all it does not say', () => {
    expect(checkOf('from: host/client', 'to: service/web:80')).toEqual({
      kind: 'connection',
      name: 'a check',
      from: { place: 'host/client', protocol: 'TCP' },
      to: { text: 'service/web:80', address: '10.96.0.100', port: 80 },
      connections: 1,
      timeoutMs: 1_000,
      origin: { file: 'lab.yaml', line: 7 },
    });
  });

  it('may say how, how often and how long', () => {
    expect(
      checkOf(
        'from: { place: host/client, ip: 10.0.0.100, port: 4000, payload: hi, ttl: 3 }',
        'to: pod/a:53/UDP',
        'connections: 20',
        'interval: 0.5s',
        'timeout: 250ms',
      ),
    ).toMatchObject({
      from: { place: 'host/client', ip: '10.0.0.100', port: 4000, payload: 'hi', ttl: 3, protocol: 'UDP' },
      to: { text: 'pod/a:53/UDP', address: '10.244.1.2', port: 53 },
      connections: 20,
      intervalMs: 500,
      timeoutMs: 250,
    });
  });

  it.each([
    ['500ms', 500],
    ['1.5s', 1_500],
    ['2m', 120_000],
  ])('a timeout of %s is %i ms', (text, ms) => {
    expect(checkOf('from: host/client', 'to: pod/a', `timeout: ${text}`)).toMatchObject({ timeoutMs: ms });
  });

  it.each(['5', '5h', '-1s', '11m', 'soon'])('a timeout of %s is refused', (text) => {
    expect(errors(withCheck('from: host/client', 'to: pod/a', `timeout: "${text}"`))).toEqual(['10:16 invalid-value']);
  });

  it.each([
    ['pod/a', {}, 'ICMP'],
    ['pod/a:80', {}, 'TCP'],
    ['pod/a:80', { protocol: 'UDP' }, 'UDP'],
    ['pod/a:80/UDP', { protocol: 'UDP' }, 'UDP'],
    ['service/web:80', { protocol: 'TCP' }, 'TCP'],
  ])('to %s from a sender that says %j speaks %s', (to, sender, protocol) => {
    const from = JSON.stringify({ place: 'host/client', ...sender });
    expect(checkOf(`from: ${from}`, `to: ${to}`)).toMatchObject({ from: { protocol } });
  });

  it('between two protocols is refused', () => {
    expect(error(withCheck('from: { place: host/client, protocol: UDP }', 'to: service/web:80'))).toMatchObject({
      code: 'protocol-conflict',
      message: 'service/web:80 is TCP, the sender says UDP',
      at: { line: 8, column: 45 },
    });
  });

  it.each([
    [['to: pod/a'], '7:13 missing-field', 'the check has no "from"'],
    [['from: pod/a'], '7:13 missing-field', 'the check has no "to"'],
    [[], '7:13 missing-field', 'the check has no "from"'],
  ])('without an end is refused: %j', (lines, where, message) => {
    expect(errors(withCheck(...lines))).toEqual([where]);
    expect(error(withCheck(...lines))).toMatchObject({
      message,
      help: 'a check has from: and to:, from: and resolve:, on: with a connection that is open, or at: with a listing to look at',
    });
  });

  it.each([
    [['from: pod/b', 'to: pod/a'], '8:13 unknown-place', 'there is no pod/b'],
    [['from: client', 'to: pod/a'], '8:13 unknown-place', '"client" is not a place'],
    [['from: { place: node/node3 }', 'to: pod/a'], '8:22 unknown-place', 'there is no node/node3'],
    [['from: pod/a', 'to: pod/b'], '9:11 unknown-destination', 'there is no pod/b'],
    [
      ['from: pod/a', 'to: service/wob:80'],
      '9:11 unknown-destination',
      'there is no Service wob with a cluster address',
    ],
    [['from: pod/a', 'to: service/web:81'], '9:11 unknown-destination', 'Service web has no port 81'],
    [['from: pod/a', 'to: nodeport/web@node3'], '9:11 unknown-destination', 'there is no node node3'],
    [['from: pod/a', 'to: web.default'], '9:11 unknown-destination', '"web.default" is not a destination'],
  ])('that leads nowhere is refused: %j', (lines, where, message) => {
    expect(errors(withCheck(...lines))).toEqual([where]);
    expect(error(withCheck(...lines)).message).toBe(message);
  });

  it('that leads nowhere at both ends is refused for both', () => {
    expect(errors(withCheck('from: pod/b', 'to: pod/c:80'))).toEqual([
      '8:13 unknown-place',
      '9:11 unknown-destination',
    ]);
  });
});

describe('an expectation', () => {
  it('is undefined when nothing is expected', () => {
    expect(checkOf('from: host/client', 'to: pod/a')).not.toHaveProperty('expect');
    expect(expectationOf('{}')).toEqual({});
  });

  it('has its places in canonical form', () => {
    expect(
      expectationOf(
        '{ outcome: delivered, endpoint: pod/default/web-0, source: pod/default/a, path: [host/client, "node/node1:eth0", "pod/default/web-0:*"] }',
      ),
    ).toEqual({
      outcome: 'delivered',
      endpoint: ['pod/web-0'],
      source: { text: 'pod/default/a', place: 'pod/a' },
      path: [
        { place: 'host/client' },
        { place: 'node/node1', interface: 'eth0' },
        { place: 'pod/web-0', interface: '*' },
      ],
    });
  });

  it('may name any of several endpoints', () => {
    expect(expectationOf('{ endpoint: [pod/web-0, pod/web-1] }')).toEqual({ endpoint: ['pod/web-0', 'pod/web-1'] });
  });

  it.each([
    ['10.9.9.9', { address: '10.9.9.9' }],
    ['10.9.9.9:80', { address: '10.9.9.9', port: 80 }],
    ['node/node1', { place: 'node/node1' }],
    ['pod/web-0:8080', { place: 'pod/web-0', port: 8080 }],
    ['service/web:80', { address: '10.96.0.100', port: 80 }],
    ['nodeport/web:80@node2', { address: '10.0.0.12', port: 30080 }],
  ])('may call a peer %s', (text, peer) => {
    expect(expectationOf(`{ source: "${text}" }`)).toEqual({ source: { text, ...peer } });
  });

  it('of rewrites tells what becomes what, in order, and none from unsaid', () => {
    expect(
      expectationOf(
        '{ rewrites: [{ at: node/node1, dnat: "service/web:80 → pod/web-0:8080" }, { at: node/node1, snat: "host/client -> 10.244.1.1" }] }',
      )?.rewrites,
    ).toEqual([
      {
        at: 'node/node1',
        kind: 'dnat',
        from: { text: 'service/web:80', address: '10.96.0.100', port: 80 },
        to: { text: 'pod/web-0:8080', place: 'pod/web-0', port: 8080 },
      },
      {
        at: 'node/node1',
        kind: 'snat',
        from: { text: 'host/client', place: 'host/client' },
        to: { text: '10.244.1.1', address: '10.244.1.1' },
      },
    ]);
    expect(expectationOf('{ rewrites: [] }')).toEqual({ rewrites: [] });
  });

  it('may be about encapsulation, refusal, or what is never seen', () => {
    expect(
      expectationOf(
        '{ outcome: rejected, rejectedBy: node/node1, rejectedWith: icmp-port-unreachable, lastSeen: "node/node1:eth0", encapsulation: { between: [node/node1, node/node2], as: vxlan, vni: 1 }, unseen: [{ at: "node/*:eth0", address: service/web }] }',
      ),
    ).toEqual({
      outcome: 'rejected',
      rejectedBy: 'node/node1',
      rejectedWith: 'icmp-port-unreachable',
      lastSeen: { place: 'node/node1', interface: 'eth0' },
      encapsulation: { between: ['node/node1', 'node/node2'], as: 'vxlan', vni: 1 },
      unseen: [
        {
          at: { place: 'node/*', interface: 'eth0' },
          peer: { text: 'service/web', address: '10.96.0.100', port: 80 },
        },
      ],
    });
    expect(expectationOf('{ encapsulation: none, status: 503 }')).toEqual({ encapsulation: 'none', status: 503 });
  });

  it.each([
    ['one', { over: 'one' }],
    ['several', { over: 'several' }],
    ['all', { over: 'all', endpoints: ['pod/web-0', 'pod/web-1', 'pod/web-2'] }],
    [
      '{ pod/web-0: 3, pod/default/web-1: ">= 1" }',
      { over: 'counts', counts: { 'pod/web-0': { exactly: 3 }, 'pod/web-1': { min: 1 } } },
    ],
  ])('of spread may be %s', (spread, expected) => {
    expect(expectationOf(`{ spread: ${spread} }`, 'connections: 10')).toEqual({ spread: expected });
  });

  it.each(['service/web:80', 'nodeport/web:80@node1', 'lb/one:80', 'lb/two:443', '10.96.0.100:80', '10.0.0.12:30080'])(
    'of spread over all knows the endpoints behind %s',
    (to) => {
      const check = checkOf('from: host/client', `to: ${to}`, 'connections: 10', 'expect: { spread: all }');
      expect((check as ConnectionCheck).expect).toEqual({
        spread: { over: 'all', endpoints: ['pod/web-0', 'pod/web-1', 'pod/web-2'] },
      });
    },
  );

  it.each([
    ['{ endpoint: pod/web-9 }', '10:27 unknown-place'],
    ['{ endpoint: [pod/web-0, pod/web-9] }', '10:39 unknown-place'],
    ['{ source: pod/web-9 }', '10:25 unknown-destination'],
    ['{ lastSeen: "node/node9:eth0" }', '10:27 unknown-place'],
    ['{ path: [host/client, node/node9] }', '10:37 unknown-place'],
    ['{ replyPath: [node/node9] }', '10:29 unknown-place'],
    ['{ outcome: rejected, rejectedBy: node/node9 }', '10:48 unknown-place'],
    ['{ relays: [node/node1, node/node9] }', '10:38 unknown-place'],
    ['{ rewrites: [{ at: node/node9, snat: "10.0.0.1 → 10.0.0.2" }] }', '10:34 unknown-place'],
    ['{ rewrites: [{ at: node/node1, snat: "10.0.0.1 → pod/b" }] }', '10:52 unknown-destination'],
    ['{ rewrites: [{ at: node/node1, snat: "10.0.0.1" }] }', '10:52 invalid-value'],
    ['{ rewrites: [{ at: node/node1, snat: "a → b → c" }] }', '10:52 invalid-value'],
    ['{ rewrites: [{ at: node/node1 }] }', '10:28 conflicting-fields'],
    ['{ rewrites: [{ at: node/node1, snat: "10.0.0.1 → 10.0.0.2", dnat: "a → b" }] }', '10:28 conflicting-fields'],
    ['{ encapsulation: { between: [node/node1, node/node9], as: vxlan } }', '10:56 unknown-place'],
    ['{ unseen: [{ at: node/node9, address: 10.0.0.1 }] }', '10:32 unknown-place'],
    ['{ unseen: [{ at: node/node1, address: pod/b }] }', '10:53 unknown-destination'],
    ['{ spread: all }', '10:25 conflicting-fields'],
    ['{ rejectedBy: node/node1 }', '10:29 conflicting-fields'],
    ['{ outcome: dropped, rejectedWith: tcp-reset }', '10:49 conflicting-fields'],
    ['{ routes: { has: [default] } }', '10:25 conflicting-fields'],
  ])('that cannot be met is refused where it stands: %s', (expectation, where) => {
    const lines = ['from: host/client', 'to: service/web:80', `expect: ${expectation}`];
    expect(errors(withCheck(...lines))).toEqual([where]);
  });

  it('of spread over all names a pod on the host network once, not its node as well', () => {
    const text = stream(
      withCheck('from: host/client', 'to: service/h:80', 'connections: 5', 'expect: { spread: all }').trimEnd(),
      pod('h-0', { labels: { app: 'h' }, node: 'node1', spec: { hostNetwork: true } }),
      service('h'),
    );
    expect((clusterOf(text).checks[0] as ConnectionCheck).expect).toEqual({
      spread: { over: 'all', endpoints: ['pod/h-0'] },
    });
  });

  it.each(['pod/a:80', 'pod/a:30080', '10.96.0.100:30080', '10.96.0.100:80/UDP'])(
    'of spread over all needs a Service, which %s is not',
    (to) => {
      const lines = ['from: host/client', `to: ${to}`, 'connections: 5', 'expect: { spread: all }'];
      expect(error(withCheck(...lines))).toMatchObject({
        code: 'conflicting-fields',
        help: 'name the endpoints instead: { pod/web-0: ">= 1" }',
        at: { line: 11 },
      });
    },
  );

  it('of spread names an unknown place by its key', () => {
    const lines = ['from: host/client', 'to: service/web:80', 'connections: 5', 'expect: { spread: { pod/b: 1 } }'];
    expect(errors(withCheck(...lines))).toEqual(['11:27 unknown-place']);
  });
});

describe('a state check', () => {
  it('looks at listings of a place', () => {
    const check = checkOf(
      'at: pod/default/a',
      'expect: { routes: { has: [default], lacks: [flannel] }, links: { has: [eth0] } }',
    );
    expect(check).toEqual({
      kind: 'state',
      name: 'a check',
      at: 'pod/a',
      listings: [
        { name: 'links', has: ['eth0'], lacks: [] },
        { name: 'routes', has: ['default'], lacks: ['flannel'] },
      ],
      origin: { file: 'lab.yaml', line: 7 },
    });
  });

  it.each([
    [['at: node/node9', 'expect: { routes: {} }'], ['8:11 unknown-place']],
    [['at: node/node1'], ['8:11 missing-field']],
    [['at: node/node1', 'expect: {}'], ['8:11 missing-field']],
    [['at: node/node1', 'expect: { outcome: delivered, routes: {} }'], ['9:26 conflicting-fields']],
    [
      ['at: node/node1', 'from: pod/a', 'to: pod/a', 'expect: { fdb: {} }'],
      ['9:13 conflicting-fields', '10:11 conflicting-fields'],
    ],
    [
      ['at: node/node1', 'timeout: 1s', 'interval: 1s', 'expect: { fdb: {} }'],
      ['9:16 conflicting-fields', '10:17 conflicting-fields'],
    ],
  ])('that makes no sense is refused: %j', (lines, expected) => {
    expect(errors(withCheck(...lines))).toEqual(expected);
  });
});

describe('modes', () => {
  const ping = ['from: pod/a', 'to: 10.96.0.100', 'expect: { outcome: no-neighbour }'];
  const differing = [
    ...ping,
    'differs:',
    '  - { proxy: none, cni: [host-gw], because: both, expect: { outcome: dropped } }',
    '  - { proxy: [none], because: nobody rejects it, expect: { outcome: unanswered } }',
  ];

  it('in which a check has no meaning leave it out', () => {
    const text = withCheck(...ping, 'when: { proxy: iptables, cni: [vxlan, host-gw] }');
    expect(clusterOf(text).checks).toHaveLength(1);
    expect(clusterOf(text, { proxy: 'none' }).checks).toEqual([]);
    expect(clusterOf(text, { cni: 'bridge' }).checks).toEqual([]);
  });

  it('that differ have an expectation of their own, the first that fits, and say why', () => {
    const text = withCheck(...differing);
    const inModes = (options: Parameters<typeof clusterOf>[1]) => {
      const check = clusterOf(text, options).checks[0] as ConnectionCheck;
      return [check.expect?.outcome, check.because];
    };
    expect(inModes({})).toEqual(['no-neighbour', undefined]);
    expect(inModes({ proxy: 'none' })).toEqual(['unanswered', 'nobody rejects it']);
    expect(inModes({ proxy: 'none', cni: 'host-gw' })).toEqual(['dropped', 'both']);
    expect(inModes({ cni: 'host-gw' })).toEqual(['no-neighbour', undefined]);
  });

  it('that differ may differ in listings', () => {
    const text = withCheck(
      'at: node/node1',
      'expect: { iptables: { has: [KUBE-SVC] } }',
      'differs: [{ proxy: none, because: there is no kube-proxy, expect: { iptables: { lacks: [KUBE-SVC] } } }]',
    );
    expect(clusterOf(text, { proxy: 'none' }).checks[0]).toMatchObject({
      listings: [{ name: 'iptables', has: [], lacks: ['KUBE-SVC'] }],
      because: 'there is no kube-proxy',
    });
  });

  it.each([
    [['differs: [{ because: x, expect: {} }]'], ['11:17 missing-field']],
    [['differs: [{ proxy: none, expect: {} }]'], ['11:17 missing-field']],
    [['differs: [{ proxy: ipvz, because: x, expect: {} }]'], ['11:26 invalid-value']],
    [['when: { proxy: [] }'], ['11:22 invalid-value']],
    [['differs: [{ proxy: none, because: x, expect: { endpoint: pod/z } }]'], ['11:64 unknown-place']],
    [['differs: [{ proxy: none, because: x, expect: { fdb: {} } }]'], ['11:59 conflicting-fields']],
  ])('that are said wrongly are refused, whichever mode is used: %j', (lines, expected) => {
    expect(errors(withCheck(...ping, ...lines))).toEqual(expected);
  });

  it('of a topology say for which it is meant', () => {
    const text = `apiVersion: packetwalk.dev/v1alpha1
kind: Topology
spec: { when: { proxy: [none] }, cluster: { proxy: { mode: none } }, nodes: [{ name: node1 }] }
`;
    expect(clusterOf(text).suitsModes).toBe(true);
    expect(clusterOf(text, { proxy: 'iptables' }).suitsModes).toBe(false);
    expect(errors(text.replace('{ mode: none }', '{}'))).toEqual(['3:15 conflicting-fields']);
  });
});
