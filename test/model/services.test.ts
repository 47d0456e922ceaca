/** Services as kube-proxy sees them: cluster addresses, node ports, policies, and what is refused. */
import { describe, expect, it } from 'vitest';
import { yaml } from '../parse/yaml-text.ts';
import { clusterOf, error, errors, modelled, serviceOf } from './cluster.ts';
import { service, stream, topology } from './objects.ts';

const LAB = topology({ nodes: [{ name: 'node1' }] });

function only(spec: object, rest: { status?: object } = {}) {
  return serviceOf(clusterOf(stream(LAB, service('web', spec, rest))), 'web');
}

describe('a cluster address', () => {
  it('is allocated from .100 on, in the order of the Services', () => {
    const { services } = clusterOf(stream(LAB, service('a'), service('b'), service('c')));
    expect(services.map(({ clusterIP }) => clusterIP)).toEqual(['10.96.0.100', '10.96.0.101', '10.96.0.102']);
  });

  it('that is given is kept, and not given to another', () => {
    const { services } = clusterOf(stream(LAB, service('a'), service('b', { clusterIP: '10.96.0.100' })));
    expect(services.map(({ clusterIP }) => clusterIP)).toEqual(['10.96.0.101', '10.96.0.100']);
  });

  it.each([
    ['outside the range', '10.97.0.5', 'address-outside'],
    ['taken by another', '10.96.0.5', 'address-taken'],
    ['that is the network number', '10.96.0.0', 'address-reserved'],
    ['that is none', 'auto', 'invalid-value'],
  ])('%s is refused where it stands', (_, clusterIP, code) => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec: { cluster: { serviceCIDR: 10.96.0.0/16 } }
      ---
      apiVersion: v1
      kind: Service
      metadata: { name: first }
      spec: { clusterIP: 10.96.0.5, ports: [{ port: 80 }] }
      ---
      apiVersion: v1
      kind: Service
      metadata: { name: second }
      spec:
        ports: [{ port: 80 }]
        clusterIP: ${clusterIP}
    `;
    expect(errors(text)).toEqual([`15:14 ${code}`]);
  });

  it('belongs to the Service the message names', () => {
    const text = stream(LAB, service('a', { clusterIP: '10.96.0.5' }), service('b', { clusterIP: '10.96.0.5' }));
    expect(error(text).message).toBe('10.96.0.5 is taken by Service default/a');
  });

  it('is refused when there is none left', () => {
    const text = stream(
      topology({ cluster: { serviceCIDR: '10.96.0.0/30' } }),
      ...['a', 'b', 'c', 'd'].map((name) => service(name)),
    );
    expect(error(text)).toMatchObject({ code: 'addresses-exhausted', at: { line: 7 } });
    expect(error(text).message).toBe('the service range, 10.96.0.0/30, has no address left for Service default/c');
  });
});

describe('what kube-proxy leaves out is left out:', () => {
  it.each([
    ['a headless Service', { clusterIP: 'None' }],
    ['a headless Service that only its list of addresses calls so', { clusterIPs: ['None'] }],
    ['an ExternalName', { type: 'ExternalName', externalName: 'example.org', ports: [] }],
  ])('%s, without a word', (_, spec) => {
    const { cluster, diagnostics } = modelled(stream(LAB, service('web', spec)));
    expect(diagnostics).toEqual([]);
    expect(cluster!.services).toEqual([]);
  });

  it('but not a Service whose list of families is empty', () => {
    expect(only({ ipFamilies: [] }).clusterIP).toBe('10.96.0.100');
  });
});

describe('ports', () => {
  it.each([
    ['none at all', 'ports: []', '4:7 missing-field', 'spec.ports is missing'],
    ['two without names', 'ports: [{ port: 80 }, { port: 81 }]', '4:17 missing-field', 'spec.ports[0].name is missing'],
    [
      'two of one number and protocol',
      'ports: [{ name: a, port: 80 }, { name: b, port: 80 }]',
      '4:40 duplicate-port',
      'port 80/TCP stands here twice',
    ],
    [
      'two of one name',
      'ports: [{ name: a, port: 80 }, { name: a, port: 81 }]',
      '4:40 duplicate-name',
      'two ports are named a',
    ],
  ])('%s are refused', (_, ports, where, message) => {
    const text = `apiVersion: v1\nkind: Service\nmetadata: { name: web }\nspec: { ${ports} }\n`;
    expect(errors(text)[0]).toBe(where);
    expect(modelled(text).diagnostics[0]!.message).toBe(message);
  });

  it('of one number and two protocols are fine', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53 },
    ];
    expect(only({ ports }).ports).toMatchObject([
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP' },
    ]);
  });
});

describe('policies', () => {
  it('are Cluster unless said otherwise', () => {
    expect(only({})).toMatchObject({ externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster' });
    expect(only({ type: 'NodePort', externalTrafficPolicy: 'Local', internalTrafficPolicy: 'Local' })).toMatchObject({
      externalTrafficPolicy: 'Local',
      internalTrafficPolicy: 'Local',
    });
  });

  it('for external traffic mean nothing to a Service without external address', () => {
    expect(only({ externalTrafficPolicy: 'Local' }).externalTrafficPolicy).toBe('Cluster');
    expect(only({ externalTrafficPolicy: 'Local', externalIPs: ['10.0.0.50'] }).externalTrafficPolicy).toBe('Local');
  });

  it('of affinity have a timeout of three hours unless said otherwise', () => {
    expect(only({}).affinitySeconds).toBeUndefined();
    expect(only({ sessionAffinity: 'ClientIP' }).affinitySeconds).toBe(10_800);
    const sessionAffinityConfig = { clientIP: { timeoutSeconds: 5 } };
    expect(only({ sessionAffinity: 'ClientIP', sessionAffinityConfig }).affinitySeconds).toBe(5);
    expect(only({ sessionAffinityConfig }).affinitySeconds).toBeUndefined();
  });
});

describe('external addresses', () => {
  it('are those of its family', () => {
    expect(only({ externalIPs: ['10.0.0.50', 'fd00::1', '10.0.0.51'] }).externalIPs).toEqual([
      '10.0.0.50',
      '10.0.0.51',
    ]);
  });

  it('of a load balancer are those it reports, those of a proxying one left out', () => {
    const ingress = [
      { ip: '1.2.3.4' },
      { hostname: 'lb' },
      { ip: '5.6.7.8', ipMode: 'Proxy' },
      { ip: '9.9.9.9', ipMode: 'VIP' },
    ];
    const balanced = only(
      { type: 'LoadBalancer', loadBalancerIP: '7.7.7.7' },
      { status: { loadBalancer: { ingress } } },
    );
    expect(balanced.loadBalancerIPs).toEqual(['1.2.3.4', '9.9.9.9']);
  });

  it('of a load balancer that reports none are the wished one', () => {
    expect(only({ type: 'LoadBalancer', loadBalancerIP: '7.7.7.7' }).loadBalancerIPs).toEqual(['7.7.7.7']);
  });

  it('of a load balancer are nothing to another type', () => {
    const status = { loadBalancer: { ingress: [{ ip: '1.2.3.4' }] } };
    expect(only({ type: 'NodePort', loadBalancerSourceRanges: ['10.0.0.0/8'] }, { status })).toMatchObject({
      loadBalancerIPs: [],
      loadBalancerSourceRanges: [],
    });
  });

  it('of a load balancer may be open to some ranges only', () => {
    const ranges = only({ type: 'LoadBalancer', loadBalancerSourceRanges: [' 10.0.0.0/8 ', 'fd00::/8', '1.2.3.4/32'] });
    expect(ranges.loadBalancerSourceRanges.map(({ text }) => text)).toEqual(['10.0.0.0/8', '1.2.3.4/32']);
  });

  it('of a load balancer are refused a range that is none', () => {
    const text = yaml`
      apiVersion: v1
      kind: Service
      metadata: { name: web }
      spec:
        type: LoadBalancer
        ports: [{ port: 80 }]
        loadBalancerSourceRanges:
          - 10.0.0.0/8
          - 10.0.0.5
    `;
    expect(errors(text)).toEqual(['9:7 invalid-value']);
  });
});
