/** Which endpoints kube-proxy uses on a node (kubernetes pkg/proxy/topology.go), as its own table tests ask. */
import { describe, expect, it } from 'vitest';
import { categorizeEndpoints, hasExternalAddress } from '../../src/compile/proxy/endpoints.ts';
import type { Endpoint, Node, Service, ServicePort } from '../../src/model/cluster.ts';

const HERE = { name: 'here', labels: { 'topology.kubernetes.io/zone': 'zone-a' } } as unknown as Node;
const NOWHERE = { name: 'here', labels: {} } as unknown as Node;

type Policies = Partial<
  Pick<Service, 'externalTrafficPolicy' | 'internalTrafficPolicy' | 'externalIPs' | 'loadBalancerIPs'>
>;

function service(policies: Policies): Service {
  return {
    externalTrafficPolicy: 'Cluster',
    internalTrafficPolicy: 'Cluster',
    externalIPs: [],
    loadBalancerIPs: [],
    ...policies,
  } as unknown as Service;
}

/** `a ready here`: name, condition, node; then `zone=…` and `node=…` hints. */
function endpoint(text: string): Endpoint {
  const [address = '', condition, node, ...hints] = text.split(' ');
  const of = (kind: string) => hints.flatMap((hint) => (hint.startsWith(`${kind}=`) ? hint.slice(5).split(',') : []));
  const conditions = {
    ready: { ready: true, serving: true, terminating: false },
    unready: { ready: false, serving: false, terminating: false },
    going: { ready: false, serving: true, terminating: true },
    gone: { ready: false, serving: false, terminating: true },
  }[condition!]!;
  return { address, port: 80, ...(node && { node }), ...conditions, zoneHints: of('zone'), nodeHints: of('node') };
}

function categorize(
  policies: Policies,
  texts: readonly string[],
  { node = HERE, nodePort }: { node?: Node; nodePort?: number } = {},
) {
  const port = { ...(nodePort && { nodePort }), endpoints: texts.map(endpoint) } as unknown as ServicePort;
  const { cluster, local, reachable, hasAnyEndpoints } = categorizeEndpoints(service(policies), port, node);
  const names = (endpoints: readonly Endpoint[]) => endpoints.map(({ address }) => address).join('');
  return [names(cluster), names(local), [...names(reachable)].sort().join(''), hasAnyEndpoints];
}

const ITP_LOCAL: Policies = { internalTrafficPolicy: 'Local' };
const ETP_LOCAL: Policies = { externalTrafficPolicy: 'Local', externalIPs: ['1.2.3.4'] };
const BOTH_LOCAL: Policies = { ...ITP_LOCAL, ...ETP_LOCAL };

/** claim, policies, endpoints, then what is used for Cluster, for Local, altogether, and whether there are any. */
const TABLE: readonly (readonly [string, Policies, readonly string[], readonly [string, string, string, boolean]])[] = [
  [
    'policy Cluster uses all that are ready',
    {},
    ['a ready here', 'b ready there', 'c unready here'],
    ['ab', '', 'ab', true],
  ],
  ['policy Cluster without any', {}, [], ['', '', '', false]],
  ['none of them ready', {}, ['a unready here', 'b gone there'], ['', '', '', false]],
  ['ready ones come before going ones', {}, ['a ready there', 'b going here'], ['a', '', 'a', true]],
  ['going ones serve when none is ready', {}, ['a going here', 'b going there', 'c gone here'], ['ab', '', 'ab', true]],

  ['internal Local uses the local ones only', ITP_LOCAL, ['a ready here', 'b ready there'], ['', 'a', 'a', true]],
  ['internal Local without a local one knows of the others', ITP_LOCAL, ['b ready there'], ['', '', '', true]],
  ['internal Local counts going ones elsewhere as well', ITP_LOCAL, ['b going there'], ['', '', '', true]],
  ['internal Local without any', ITP_LOCAL, ['b unready there'], ['', '', '', false]],
  ['internal Local falls back on local going ones', ITP_LOCAL, ['a going here', 'b ready there'], ['', 'a', 'a', true]],
  ['an endpoint without a node is remote', ITP_LOCAL, ['a ready'], ['', '', '', true]],

  ['external Local needs both kinds', ETP_LOCAL, ['a ready here', 'b ready there'], ['ab', 'a', 'ab', true]],
  ['external Local without a local one', ETP_LOCAL, ['b ready there'], ['b', '', 'b', true]],
  [
    'external Local: a going local one is reachable besides the ready ones',
    ETP_LOCAL,
    ['a going here', 'b ready there'],
    ['b', 'a', 'ab', true],
  ],
  [
    'external Local: a ready local one comes before a going one',
    ETP_LOCAL,
    ['a going here', 'b ready here'],
    ['b', 'b', 'b', true],
  ],
  [
    'external Local means nothing without an external address',
    { externalTrafficPolicy: 'Local' },
    ['a ready here', 'b ready there'],
    ['ab', '', 'ab', true],
  ],
  [
    'both Local with an external address needs both kinds',
    BOTH_LOCAL,
    ['a ready here', 'b ready there'],
    ['ab', 'a', 'ab', true],
  ],
  [
    'internal Local with an external address needs both kinds',
    { ...ITP_LOCAL, externalIPs: ['1.2.3.4'] },
    ['a ready here', 'b ready there'],
    ['ab', 'a', 'ab', true],
  ],

  [
    'zone hints keep traffic in the zone',
    {},
    ['a ready here zone=zone-a', 'b ready there zone=zone-b'],
    ['a', '', 'a', true],
  ],
  [
    'an endpoint may be meant for several zones',
    {},
    ['a ready here zone=zone-b,zone-a', 'b ready there zone=zone-b'],
    ['a', '', 'a', true],
  ],
  [
    'zone hints do not count when one is missing',
    {},
    ['a ready here zone=zone-a', 'b ready there'],
    ['ab', '', 'ab', true],
  ],
  [
    'zone hints do not count when none names this zone',
    {},
    ['a ready here zone=zone-c', 'b ready there zone=zone-b'],
    ['ab', '', 'ab', true],
  ],
  [
    'a missing hint of one that is not ready does not matter',
    {},
    ['a ready here zone=zone-a', 'b ready there zone=zone-b', 'c unready here'],
    ['a', '', 'a', true],
  ],
  [
    'node hints come before zone hints',
    {},
    ['a ready here node=here zone=zone-a', 'b ready there node=there zone=zone-a'],
    ['a', '', 'a', true],
  ],
  [
    'node hints do not count when none names this node',
    {},
    ['a ready x node=x zone=zone-a', 'b ready y node=y zone=zone-b'],
    ['a', '', 'a', true],
  ],
  [
    'going ones are used without regard to hints',
    {},
    ['a going here zone=zone-a', 'b going there zone=zone-b'],
    ['ab', '', 'ab', true],
  ],
  [
    'policy Local does not look at hints',
    ITP_LOCAL,
    ['a ready here zone=zone-b', 'b ready here zone=zone-a'],
    ['', 'ab', 'ab', true],
  ],
  [
    'a local one outside the zone is reachable besides',
    ETP_LOCAL,
    ['a ready here zone=zone-b', 'b ready there zone=zone-a'],
    ['b', 'a', 'ab', true],
  ],
];

describe('on a node', () => {
  it.each(TABLE)('%s', (_claim, policies, endpoints, expected) => {
    expect(categorize(policies, endpoints)).toEqual(expected);
  });

  it('without a zone, zone hints do not count', () => {
    const endpoints = ['a ready here zone=zone-a', 'b ready there zone=zone-b'];
    expect(categorize({}, endpoints, { node: NOWHERE })).toEqual(['ab', '', 'ab', true]);
  });

  it('a NodePort is an external address', () => {
    const endpoints = ['a ready here', 'b ready there'];
    expect(categorize({ externalTrafficPolicy: 'Local' }, endpoints, { nodePort: 30080 })).toEqual([
      'ab',
      'a',
      'ab',
      true,
    ]);
  });
});

it.each([
  [{}, undefined, false],
  [{ externalIPs: ['1.2.3.4'] }, undefined, true],
  [{ loadBalancerIPs: ['1.2.3.4'] }, undefined, true],
  [{}, 30080, true],
])('%j with NodePort %s has an external address: %s', (addresses, nodePort, expected) => {
  expect(hasExternalAddress(service(addresses), { nodePort } as ServicePort)).toBe(expected);
});
