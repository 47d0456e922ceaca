/** Every field of an expectation: what fits it, what does not, and what is then said. */
import { describe, expect, it } from 'vitest';
import { judgeConnections } from '../../src/judge/index.ts';
import type { Mismatch } from '../../src/judge/verdict.ts';
import type { Expectation, Peer, RewriteExpectation, Step } from '../../src/model/check.ts';
import type { EndpointAnswer } from '../../src/probe/probe.ts';
import type { Walk } from '../../src/stitch/walk.ts';
import { wiringOf } from '../stitch/wirings.ts';
import { connectionCheck, delivered, dropped, hop, rejected, relayed } from './walks.ts';

const wiring = wiringOf('nodeport-snat');

function mismatches(expectation: Expectation, walk: Walk): readonly Mismatch[] {
  return judgeConnections(connectionCheck(expectation), [walk], wiring, 1).mismatches;
}

const place = (text: string, port?: number): Peer => ({ text, place: text, ...(port !== undefined && { port }) });
const address = (text: string, port?: number): Peer => ({
  text: port === undefined ? text : `${text}:${port}`,
  address: text,
  ...(port !== undefined && { port }),
});
/** `node/node1` or `node/node1:eth0` */
const step = (text: string): Step => {
  const [name = '', device] = text.split(':');
  return { place: name, ...(device !== undefined && { interface: device }) };
};
const steps = (...texts: string[]): Step[] => texts.map(step);

const DNAT: RewriteExpectation = {
  at: 'node/node1',
  kind: 'dnat',
  from: { ...address('10.0.0.11', 30080), text: 'nodeport/web:80@node1' },
  to: place('pod/web-0', 8080),
};
const SNAT: RewriteExpectation = {
  at: 'node/node1',
  kind: 'snat',
  from: place('host/client'),
  to: place('node/node1'),
};
const OUTER: RewriteExpectation = {
  at: 'node/node1',
  kind: 'snat',
  from: place('node/node1'),
  to: place('node/node1'),
};
/** The outer packet was translated as well, where it left. */
const twice = (): Walk => {
  const rewrites = [{ at: 'node/node1', kind: 'snat', from: '10.0.0.11:51234', to: '10.0.0.11:1084' } as const];
  const hops = delivered().hops.map((each) =>
    each.encapsulation && each.direction === 'out'
      ? { ...each, encapsulation: { ...each.encapsulation, rewrites } }
      : each,
  );
  return delivered({ hops });
};
const told = () =>
  delivered({
    redirects: [{ by: 'node/node1', told: 'host/client', destination: '10.244.2.2', via: '10.0.0.12' }],
  });
const vxlan = (...between: [string, string]) => ({ between, as: 'vxlan' }) as const;

const latency = (atLeast: number, atMost: number) => ({
  text: `>= ${atLeast}ms`,
  atLeast: atLeast * 1e6,
  atMost: atMost * 1e6,
});
/** The last interface saw it so many milliseconds after the first. */
const late = (milliseconds: number) =>
  delivered({
    hops: [hop('host/client:eth0', 'out'), hop('pod/web-0:eth0', 'in', undefined, { sinceStart: milliseconds * 1e6 })],
  });

const answeredFor = (...whoHas: string[]) => delivered({ whoHas });

/** What was said over HTTP, and what the endpoint saw. */
function http(
  answer: { readonly location?: string; readonly certificate?: readonly string[] },
  request?: NonNullable<EndpointAnswer['request']>,
): Walk {
  const walk = delivered();
  const said = { endpoint: 'pod/web-0', address: '10.244.2.2:80', source: '10.244.1.2:1', protocol: 'TCP' } as const;
  const result = { kind: 'answered', ...answer, ...(request && { answer: { ...said, request } }) } as const;
  return { ...walk, probe: { ...walk.probe, result } };
}

describe('an expectation that is met', () => {
  const met: [name: string, expectation: Expectation, walk?: Walk][] = [
    ['nothing in particular', {}],
    ['the outcome', { outcome: 'delivered' }],
    ['another outcome', { outcome: 'dropped' }, dropped()],
    ['who answers for the address, in any order', { whoHas: ['node/b', 'node/a'] }, answeredFor('node/a', 'node/b')],
    ['that nobody does', { whoHas: [] }, answeredFor()],
    ['who rejected', { rejectedBy: 'node/node1' }, rejected()],
    ['with what it was rejected', { rejectedWith: 'icmp-port-unreachable' }, rejected()],
    ['the status of the answer', { status: 200 }],
    ['where it leads', { location: 'https://a/' }, http({ location: 'https://a/' })],
    ['a name of the certificate', { certificate: '*.a.b' }, http({ certificate: ['a.b', '*.a.b'] })],
    [
      'the request as the endpoint saw it',
      { request: { path: '/', headers: { host: 'a' } } },
      http({}, { path: '/', headers: { host: 'a', via: 'b' } }),
    ],
    ['the endpoint', { endpoint: ['pod/web-0'] }],
    ['one of several endpoints', { endpoint: ['pod/web-1', 'pod/web-0'] }],
    ['the source by its place', { source: place('node/node1') }],
    ['the source by its address', { source: address('10.244.1.0') }],
    ['the source with its port', { source: address('10.244.1.0', 61322) }],
    ['the place where it was seen last', { lastSeen: step('node/node1') }, dropped()],
    ['the interface where it was seen last', { lastSeen: step('node/node1:eth0') }, dropped()],
    ['an interface with a wildcard', { lastSeen: step('node/node1:eth*') }, dropped()],
    ['the places of the path', { path: steps('host/client', 'node/node1', 'node/node2', 'pod/web-0') }],
    [
      'the interfaces of the path, in and out by one counted once',
      {
        path: steps(
          'host/client:eth0',
          'node/node1:eth0',
          'node/node1:flannel.1',
          'node/node1:eth0',
          'node/node2:eth0',
          'node/node2:flannel.1',
          'node/node2:cni0',
          'node/node2:veth*',
          'pod/web-0:eth0',
        ),
      },
    ],
    [
      'a path of interfaces in which a place alone stands for all of its',
      { path: steps('host/client', 'node/node1:eth0', 'node/node1', 'node/node2', 'pod/web-0:eth0') },
    ],
    [
      'a path in which the same place stands for the beginning of its interfaces only',
      { path: steps('host/client', 'node/node1', 'node/node1:eth0', 'node/node2', 'pod/web-0') },
    ],
    ['the path of the answer', { replyPath: steps('pod/web-0', 'node/node2', 'node/node1', 'host/client') }],
    ['all translations, in order', { rewrites: [DNAT, SNAT] }],
    ['no translation', { rewrites: [] }, delivered({ hops: delivered().hops.slice(0, 2) })],
    ['translations of outer packets, after those of inner ones', { rewrites: [DNAT, SNAT, OUTER] }, twice()],
    ['who told of a better way', { redirects: [{ by: 'node/node1', to: place('node/node2') }] }, told()],
    ['nobody who did', { redirects: [] }],
    ['the relays', { relays: ['node/node1'] }, relayed()],
    ['no relay', { relays: [] }],
    ['the encapsulation', { encapsulation: vxlan('node/node1', 'node/node2') }],
    ['its numbers', { encapsulation: { ...vxlan('node/node1', 'node/node2'), vni: 1, port: 8472 } }],
    ['no encapsulation', { encapsulation: 'none' }, rejected()],
    ['what must not be seen', { unseen: [{ at: step('node/node2'), peer: place('host/client') }] }],
    [
      'what must not be seen at an interface',
      { unseen: [{ at: step('node/node1:flannel.1'), peer: place('host/client') }] },
    ],
    ['a latency of at least so much', { latency: latency(20, 30) }, late(20)],
    ['a latency of at most so much', { latency: latency(20, 30) }, late(30)],
    ['what must not be seen anywhere', { unseen: [{ at: step('*'), peer: address('10.96.0.10') }] }],
  ];
  it.each(met)('%s', (_, expectation, walk = delivered()) => {
    expect(mismatches(expectation, walk)).toEqual([]);
  });
});

describe('an expectation that is not met says what was expected and what was seen', () => {
  const unmet: [expectation: Expectation, expected: string, observed: string, walk?: Walk][] = [
    [
      { outcome: 'delivered' },
      'delivered',
      'dropped: it was last seen leaving node/node1 by eth0, never at node/node2',
      dropped(),
    ],
    [{ rejectedBy: 'node/node2' }, 'node/node2', 'node/node1', rejected()],
    [{ rejectedBy: 'node/node2' }, 'node/node2', 'nobody'],
    [{ rejectedWith: 'tcp-reset' }, 'tcp-reset', 'icmp-port-unreachable', rejected()],
    [{ rejectedWith: 'tcp-reset' }, 'tcp-reset', 'nothing'],
    [{ status: 503 }, '503', '200'],
    [{ status: 200 }, '200', 'none', dropped()],
    [{ location: 'https://a/' }, 'https://a/', 'none'],
    [{ location: 'https://a/' }, 'https://a/', 'http://a/', http({ location: 'http://a/' })],
    [{ certificate: 'a.b' }, 'a.b', 'none was shown'],
    [{ certificate: 'a.b' }, 'a.b', 'c.d, *.c.d', http({ certificate: ['c.d', '*.c.d'] })],
    [{ request: { path: '/a', headers: {} } }, 'path: /a', 'no endpoint saw a request'],
    [{ request: { path: '/a', headers: {} } }, 'path: /a', 'path: /b', http({}, { path: '/b', headers: {} })],
    [{ request: { headers: { host: 'a' } } }, 'host: a', 'host: none', http({}, { path: '/', headers: {} })],
    [{ endpoint: ['pod/web-1'] }, 'pod/web-1', 'pod/web-0'],
    [{ endpoint: ['pod/web-1', 'pod/web-2'] }, 'pod/web-1 or pod/web-2', 'none was reached', dropped()],
    [{ source: place('host/client') }, 'host/client', '10.244.1.0:61322 (node/node1)'],
    [{ source: address('10.0.0.100') }, '10.0.0.100', '10.244.1.0:61322 (node/node1)'],
    [{ source: address('10.244.1.0', 1) }, '10.244.1.0:1', '10.244.1.0:61322 (node/node1)'],
    [{ source: place('host/client') }, 'host/client', 'no endpoint saw a source', dropped()],
    [{ latency: latency(20, 30) }, '>= 20ms', '12.3 ms', late(12.34)],
    [{ latency: latency(20, 30) }, '>= 20ms', '31 ms', late(31)],
    [{ latency: latency(20, 30) }, '>= 20ms', '500 us', late(0.5)],
    [{ latency: latency(20, 30) }, '>= 20ms', 'no packet was seen', dropped({ hops: [] })],
    [{ whoHas: ['node/node1'] }, 'node/node1', 'node/node1, node/node2', answeredFor('node/node1', 'node/node2')],
    [{ whoHas: ['node/node1'] }, 'node/node1', 'nobody', answeredFor()],
    [{ whoHas: [] }, 'nobody', 'node/node1', answeredFor('node/node1')],
    [{ whoHas: [] }, 'nobody', 'nobody was asked'],
    [{ relays: ['node/node2'] }, 'node/node2', 'node/node1', relayed()],
    [{ relays: ['node/node1', 'node/node2'] }, 'node/node1, node/node2', 'none'],
    [{ relays: [] }, 'none', 'node/node1', relayed()],
    [{ lastSeen: step('node/node2') }, 'node/node2', 'node/node1:eth0', dropped()],
    [{ lastSeen: step('node/node1:cni0') }, 'node/node1:cni0', 'node/node1:eth0', dropped()],
    [{ lastSeen: step('node/node1') }, 'node/node1', 'it arrived'],
    [
      { path: steps('host/client', 'node/node1', 'pod/web-0') },
      'host/client → node/node1 → pod/web-0',
      'host/client → node/node1 → node/node2 → pod/web-0',
    ],
    [
      { path: steps('host/client', 'node/node1') },
      'host/client → node/node1',
      'host/client',
      dropped({ hops: [hop('host/client:eth0', 'out')] }),
    ],
    [{ path: steps('host/client') }, 'host/client', 'no packet was seen', dropped({ hops: [] })],
    [
      { path: steps('host/client:eth0', 'node/node1:cni0') },
      'host/client:eth0 → node/node1:cni0',
      'host/client:eth0 → node/node1:eth0',
      rejected(),
    ],
    [
      { path: steps('host/client:eth0', 'node/node1') },
      'host/client:eth0 → node/node1',
      'host/client:eth0 → node/node1:eth0 → node/node2:eth0',
      dropped({ hops: [hop('host/client:eth0', 'out'), hop('node/node1:eth0', 'in'), hop('node/node2:eth0', 'in')] }),
    ],
    [{ replyPath: steps('pod/web-0') }, 'pod/web-0', 'no packet was seen', dropped()],
    [
      { rewrites: [DNAT] },
      'DNAT at node/node1: nodeport/web:80@node1 → pod/web-0',
      'DNAT at node/node1: 10.0.0.11:30080 (node/node1) → 10.244.2.2:8080 (pod/web-0); SNAT at node/node1: 10.0.0.100:40112 (host/client) → 10.244.1.0:61322 (node/node1)',
    ],
    [
      { rewrites: [] },
      'none',
      'DNAT at node/node1: 10.0.0.11:30080 (node/node1) → 10.244.2.2:8080 (pod/web-0); SNAT at node/node1: 10.0.0.100:40112 (host/client) → 10.244.1.0:61322 (node/node1)',
    ],
    [{ rewrites: [SNAT] }, 'SNAT at node/node1: host/client → node/node1', 'none', rejected()],
    [
      { rewrites: [DNAT, SNAT] },
      'DNAT at node/node1: nodeport/web:80@node1 → pod/web-0; SNAT at node/node1: host/client → node/node1',
      'DNAT at node/node1: 10.0.0.11:30080 (node/node1) → 10.244.2.2:8080 (pod/web-0); SNAT at node/node1: 10.0.0.100:40112 (host/client) → 10.244.1.0:61322 (node/node1); SNAT at node/node1: 10.0.0.11:51234 (node/node1) → 10.0.0.11:1084 (node/node1)',
      twice(),
    ],
    [
      { redirects: [{ by: 'node/node2', to: place('node/node1') }] },
      'by node/node2 to node/node1',
      'by node/node1 to 10.0.0.12 (node/node2)',
      told(),
    ],
    [{ redirects: [{ by: 'node/node1', to: address('10.0.0.13') }] }, 'by node/node1 to 10.0.0.13', 'none'],
    [{ redirects: [] }, 'none', 'by node/node1 to 10.0.0.12 (node/node2)', told()],
    [{ encapsulation: 'none' }, 'none', 'vxlan vni 1 port 8472, 10.0.0.11 (node/node1) → 10.0.0.12 (node/node2)'],
    [{ encapsulation: vxlan('node/node1', 'node/node2') }, 'vxlan, node/node1 → node/node2', 'none', rejected()],
    [
      { encapsulation: 'none' },
      'none',
      'ipip, 10.0.0.11 (node/node1) → 10.0.0.12 (node/node2)',
      delivered({
        hops: [
          hop('node/node1:tunl0', 'out', undefined, {
            encapsulation: { as: 'ipip', source: '10.0.0.11', destination: '10.0.0.12' },
          }),
        ],
      }),
    ],
    [
      { encapsulation: vxlan('node/node2', 'node/node1') },
      'vxlan, node/node2 → node/node1',
      'vxlan vni 1 port 8472, 10.0.0.11 (node/node1) → 10.0.0.12 (node/node2)',
    ],
    [
      { encapsulation: { ...vxlan('node/node1', 'node/node2'), vni: 2 } },
      'vxlan vni 2, node/node1 → node/node2',
      'vxlan vni 1 port 8472, 10.0.0.11 (node/node1) → 10.0.0.12 (node/node2)',
    ],
    [
      { encapsulation: { ...vxlan('node/node1', 'node/node2'), vni: 1, port: 4789 } },
      'vxlan vni 1 port 4789, node/node1 → node/node2',
      'vxlan vni 1 port 8472, 10.0.0.11 (node/node1) → 10.0.0.12 (node/node2)',
    ],
    [
      { unseen: [{ at: step('node/node1'), peer: place('host/client') }] },
      'no packet with host/client at node/node1',
      'node/node1 eth0: 10.0.0.100:40112 → 10.0.0.11:30080',
    ],
    [
      { unseen: [{ at: step('node/*:flannel.*'), peer: address('10.244.1.0') }] },
      'no packet with 10.244.1.0 at node/*:flannel.*',
      'node/node1 flannel.1: 10.244.1.0:61322 → 10.244.2.2:8080',
    ],
    [
      { unseen: [{ at: step('node/node2:eth0'), peer: address('10.0.0.11') }] },
      'no packet with 10.0.0.11 at node/node2:eth0',
      'node/node2 eth0: 10.244.1.0:61322 → 10.244.2.2:8080',
    ],
    [
      { unseen: [{ at: step('host/client'), peer: place('node/node1', 80) }] },
      'no packet with node/node1 at host/client',
      'host/client eth0: 10.0.0.100:40112 → 10.0.0.11:30080',
    ],
  ];
  it.each(unmet)('%j', (expectation, expected, observed, walk = delivered()) => {
    const [field] = Object.keys(expectation);
    expect(mismatches(expectation, walk)).toEqual([{ field, expected, observed }]);
  });

  it('and all that are not met, in the order of the fields', () => {
    const expectation: Expectation = {
      rewrites: [],
      outcome: 'rejected',
      endpoint: ['pod/web-1'],
      encapsulation: 'none',
      path: steps('host/client'),
    };
    expect(mismatches(expectation, delivered()).map(({ field }) => field)).toEqual([
      'outcome',
      'endpoint',
      'path',
      'rewrites',
      'encapsulation',
    ]);
  });
});

describe('the list of translations', () => {
  const refused: [name: string, rewrites: readonly RewriteExpectation[]][] = [
    ['in another order', [SNAT, DNAT]],
    ['at another place', [{ ...DNAT, at: 'node/node2' }, SNAT]],
    ['of another kind', [{ ...DNAT, kind: 'snat' }, SNAT]],
    ['from another port', [{ ...DNAT, from: address('10.0.0.11', 80) }, SNAT]],
    ['to another place', [{ ...DNAT, to: place('pod/web-1', 8080) }, SNAT]],
    ['one too many', [DNAT, SNAT, SNAT]],
  ];
  it.each(refused)('does not fit %s', (_, rewrites) => {
    expect(mismatches({ rewrites }, delivered()).map(({ field }) => field)).toEqual(['rewrites']);
  });

  it('of the way back is not asked for', () => {
    expect(mismatches({ rewrites: [DNAT, SNAT] }, delivered()).length).toBe(0);
    expect(delivered().replyHops.some(({ rewrites }) => rewrites)).toBe(true);
  });
});

describe('a pattern', () => {
  const at = (text: string) => mismatches({ lastSeen: step(text) }, dropped()).length === 0;

  it('has a wildcard for any characters, and no other', () => {
    expect([at('node/node1:e*0'), at('node/node*:eth0'), at('*:*')]).toEqual([true, true, true]);
    expect([at('node/node1:eth.'), at('node/node1:eth'), at('node/node1:eth[0]'), at('node/node.:eth0')]).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });

  it('fits the whole name, not a part of it', () => {
    expect([at('node/node1:th*'), at('node/node1:*th')]).toEqual([false, false]);
  });
});
