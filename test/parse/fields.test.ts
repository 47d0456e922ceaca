/** A manifest held against its schema: every problem at once, each at its line and column, with what is allowed. */
import { describe, expect, it } from 'vitest';
import { brief, problems, read } from './read.ts';
import { yaml } from './yaml-text.ts';

const SERVICE = yaml`
  apiVersion: v1
  kind: Service
  metadata: { name: web }
`;
const TOPOLOGY = yaml`
  apiVersion: packetwalk.dev/v1alpha1
  kind: Topology
`;

/** The diagnostics of a Service whose spec is this flow mapping, on line 4 from column 7 on. */
function serviceSpec(spec: string) {
  return read(`${SERVICE}spec: ${spec}\n`).diagnostics;
}

describe('several problems', () => {
  it('are all reported, in the order of the file', () => {
    const { manifests, diagnostics } = read(
      yaml`
        apiVersion: v1
        kind: Service
        metadata:
          name: Web
          lables: { app: web }
        spec:
          type: NodePrt
          ports:
            - port: 80
              targetport: 8080
            - prot: 81
            - port: 70000
              protocol: tcp
          sessionAffinityConfig: { clientIP: { timeoutSeconds: 0 } }
      `,
      yaml`
        apiVersion: apps/v1
        kind: Deployment
        metadata: { name: web }
        spec:
          replicas: many
          template: { spec: { containers: [] } }
      `,
    );
    expect(manifests).toEqual([]);
    expect(diagnostics.map((diagnostic) => `${diagnostic.at!.file}:${brief(diagnostic)}`)).toEqual([
      'a.yaml:4:9 invalid-value',
      'a.yaml:5:3 unknown-field',
      'a.yaml:7:9 invalid-value',
      'a.yaml:10:7 unknown-field',
      'a.yaml:11:7 missing-field',
      'a.yaml:11:7 unknown-field',
      'a.yaml:12:13 invalid-value',
      'a.yaml:13:17 invalid-value',
      'a.yaml:14:56 invalid-value',
      'b.yaml:5:3 missing-field',
      'b.yaml:5:13 wrong-type',
      'b.yaml:6:35 invalid-value',
    ]);
  });
});

describe('an unknown field', () => {
  it('is underlined as a key, with the nearest allowed one', () => {
    const [only] = serviceSpec('{ ports: [{ port: 80, tragetPort: 8080 }] }');
    expect(only).toMatchObject({
      code: 'unknown-field',
      message: 'unknown field "tragetPort" in spec.ports[0]',
      at: { line: 4, column: 29, length: 'tragetPort'.length },
    });
    expect(only!.help).toBe(
      'did you mean "targetPort"? allowed: name, protocol, port, targetPort, nodePort, appProtocol',
    );
  });

  it('near to nothing has the list of what is allowed', () => {
    const [only] = serviceSpec('{ ports: [{ port: 80, zzzzzz: 1 }] }');
    expect(only!.help).toBe('allowed: name, protocol, port, targetPort, nodePort, appProtocol');
  });

  it('at the top of the document is one too', () => {
    const [only] = read(`${SERVICE}spec: { ports: [{ port: 80 }] }\nspc: {}\n`).diagnostics;
    expect(only).toMatchObject({ message: 'unknown field "spc"', at: { line: 5, column: 1 } });
    expect(only!.help).toContain('did you mean "spec"?');
  });

  it.each([
    ['spec: { cluster: { proxy: { mode: iptables, masqueradeall: true } } }', '3:45', 'masqueradeAll'],
    ['spec: { cluster: { cni: { mode: bridge, hairpin: true } } }', '3:41', undefined],
    ['spec: { checks: [{ name: a, expect: { outcom: loop } }] }', '3:39', 'outcome'],
    ['spec: { checks: [{ name: a, expect: { encapsulation: { betwen: [a, b], as: vxlan } } }] }', '3:56', 'between'],
    ['spec: { checks: [{ name: a, from: { place: b, prt: 80 } }] }', '3:47', 'port'],
    ['spec: { cluster: { proxy: { mode: iptables, detectLocal: { bridgeInterfac: a } } } }', '3:60', 'bridgeInterface'],
  ])('is found inside a choice of shapes: %s', (spec, where, meant) => {
    const unknown = read(`${TOPOLOGY}${spec}\n`).diagnostics.filter(({ code }) => code === 'unknown-field');
    expect(unknown.map(brief)).toEqual([`${where} unknown-field`]);
    if (meant) expect(unknown[0]!.help).toContain(`did you mean "${meant}"?`);
    expect(unknown[0]!.help).toContain('allowed: ');
  });

  it('of one mode is not allowed in another', () => {
    const [only] = read(`${TOPOLOGY}spec: { cluster: { cni: { mode: host-gw, vni: 5 } } }\n`).diagnostics;
    expect(only).toMatchObject({ code: 'unknown-field', help: 'allowed: mode, iface, ipMasq' });
  });
});

describe('a value that is none of those allowed', () => {
  it('has them listed, with the nearest first', () => {
    const [only, ...others] = read(`${TOPOLOGY}spec: { cluster: { cni: { mode: vxlann } } }\n`).diagnostics;
    expect(others).toEqual([]);
    expect(only).toMatchObject({
      code: 'invalid-value',
      message: 'spec.cluster.cni.mode cannot be "vxlann"',
      help: 'did you mean "vxlan"? allowed: vxlan, host-gw, ipip, udp, wireguard, aws-vpc, gce, ali-vpc, bridge, docker, calico-ipip, calico-vxlan, calico-bgp, plugins',
      at: { line: 3, column: 33, length: 6 },
    });
  });

  it('is told the same way in a plain enumeration', () => {
    const [only] = serviceSpec('{ type: Nodeport }');
    expect(only).toMatchObject({
      message: 'spec.type cannot be "Nodeport"',
      help: 'did you mean "NodePort"? allowed: ClusterIP, NodePort, LoadBalancer, ExternalName',
    });
  });

  it.each([
    [
      '{ mode: vxlan, vni: 16777216 }',
      'spec.cluster.cni.vni must be a VXLAN network identifier, 1 to 16777215, not 16777216',
      45,
    ],
    ['{ mode: vxlan, vni: 0 }', 'spec.cluster.cni.vni must be a VXLAN network identifier, 1 to 16777215, not 0', 45],
    ['{ mode: vxlan, port: 65536 }', 'spec.cluster.cni.port must be a port, 1 to 65535, not 65536', 46],
  ])('may be a number out of range: %s', (cni, message, column) => {
    const [only, ...others] = read(`${TOPOLOGY}spec: { cluster: { cni: ${cni} } }\n`).diagnostics;
    expect(others).toEqual([]);
    expect(only).toMatchObject({ code: 'invalid-value', message, at: { line: 3, column } });
  });

  it('may be a scheduler that IPVS does not have', () => {
    const [only] = read(`${TOPOLOGY}spec: { cluster: { proxy: { ipvs: { scheduler: roundrobin } } } }\n`).diagnostics;
    expect(only).toMatchObject({
      message: 'spec.cluster.proxy.ipvs.scheduler cannot be "roundrobin"',
      help: 'allowed: rr, wrr, lc, wlc, fo, ovf, lblc, lblcr, dh, sh, mh, sed, nq, twos',
      at: { line: 3, column: 48, length: 10 },
    });
  });

  it('is missing when the choice is left out', () => {
    const [only] = read(`${TOPOLOGY}spec: { cluster: { cni: { ipMasq: true } } }\n`).diagnostics;
    expect(only).toMatchObject({
      code: 'missing-field',
      message: 'spec.cluster.cni.mode is missing',
      help: 'allowed: vxlan, host-gw, ipip, udp, wireguard, aws-vpc, gce, ali-vpc, bridge, docker, calico-ipip, calico-vxlan, calico-bgp, plugins',
      at: { line: 3, column: 25 },
    });
  });

  it('is shown cut when it is very long', () => {
    const [only] = serviceSpec(`{ type: ${'x'.repeat(500)} }`);
    expect(only!.message.length).toBeLessThan(80);
    expect(only!.message).toMatch(/^spec\.type cannot be "x+…$/);
  });
});

describe('a value of the wrong kind', () => {
  it.each([
    ['{ ports: 80 }', '4:16 wrong-type', 'spec.ports must be a list, not 80'],
    ['{ ports: [80] }', '4:17 wrong-type', 'spec.ports[0] must be a mapping, not 80'],
    ['{ ports: [{ port: "80" }] }', '4:25 wrong-type', 'spec.ports[0].port must be a number, not "80"'],
    ['{ selector: web }', '4:19 wrong-type', 'spec.selector must be a mapping, not "web"'],
    ['{ selector: { app: 1 } }', '4:26 wrong-type', 'spec.selector.app must be a string, not 1'],
    [
      '{ publishNotReadyAddresses: 1 }',
      '4:35 wrong-type',
      'spec.publishNotReadyAddresses must be true or false, not 1',
    ],
    ['{ ports: [{ port: 80, targetPort: [1] }] }', '4:41 wrong-type', 'spec.ports[0].targetPort cannot be [1]'],
    ['{ externalIPs: [10.0.0] }', '4:23 invalid-value', 'spec.externalIPs[0] must be an IP address, not "10.0.0"'],
    [
      '{ externalIPs: [010.0.0.1] }',
      '4:23 invalid-value',
      'spec.externalIPs[0] must be an IP address, not "010.0.0.1"',
    ],
    ['{ ports: [{ port: 0 }] }', '4:25 invalid-value', 'spec.ports[0].port must be a port, 1 to 65535, not 0'],
    ['{ ports: [{ port: 80.5 }] }', '4:25 wrong-type', 'spec.ports[0].port must be a whole number, not 80.5'],
  ])('%s', (spec, where, message) => {
    const diagnostics = serviceSpec(spec);
    expect(diagnostics.map(brief)).toEqual([where]);
    expect(diagnostics[0]!.message).toBe(message);
  });

  it.each(['70000', '-1'])('a targetPort outside 1 to 65535 is refused: %s', (port) => {
    expect(serviceSpec(`{ ports: [{ port: 80, targetPort: ${port} }] }`).map(brief)).toEqual(['4:41 invalid-value']);
  });

  it.each(['0', '""'])('a targetPort of %s is one left out, as Kubernetes reads it', (port) => {
    const { manifests } = read(`${SERVICE}spec: { ports: [{ port: 80, targetPort: ${port} }] }\n`);
    expect(manifests[0]!.object).toMatchObject({ spec: { ports: [{ port: 80, targetPort: undefined }] } });
  });

  it.each(['.nan', '1e400'])('a number that is none is shown as what it is: %s', (port) => {
    expect(serviceSpec(`{ ports: [{ port: ${port} }] }`)[0]!.message).toMatch(/ must be a number, not (NaN|Infinity)$/);
  });

  it('a whole document that is missing a part has the nearest line', () => {
    expect(problems(SERVICE)).toEqual(['1:1 missing-field']);
    expect(problems('apiVersion: v1\nkind: Service\nspec: {}\n')).toEqual(['1:1 missing-field']);
  });
});

describe('names', () => {
  const named = (kind: string, name: string) => `apiVersion: v1\nkind: ${kind}\nmetadata: { name: ${name} }\n`;

  it.each(['Web', 'web_1', '-web', 'web-', 'web..1', '"a b"', '"a\\nb"', '"$(id)"', `"${'a'.repeat(64)}"`, '""'])(
    'Node %s is refused as RFC 1123 would',
    (name) => {
      expect(problems(named('Node', name))).toEqual(['3:19 invalid-value']);
    },
  );

  it.each(['web', 'web-1', 'a', '"1"', '"10.0.0.1"', 'worker.rack-1.example', 'a'.repeat(63)])(
    'Node %s is accepted',
    (name) => {
      expect(problems(named('Node', name))).toEqual([]);
    },
  );

  it.each(['podCIDR: 10.244.0', 'podCIDRs: [10.244.1.0/24, 10.244.2.0]'])(
    'of subnets are refused when they are none: Node %s',
    (spec) => {
      expect(problems(`${named('Node', 'a')}spec: { ${spec} }\n`).map((text) => text.split(' ')[1])).toEqual([
        'invalid-value',
      ]);
    },
  );

  it('of Namespaces have no dots', () => {
    expect(problems(named('Namespace', 'a.b'))).toEqual(['3:19 invalid-value']);
    expect(problems(named('Namespace', 'a-b'))).toEqual([]);
  });

  it.each(['"a\\nCOMMIT"', '"a\\nEOF\\nid\\n"', `'x" -j ACCEPT'`, 'two words'])(
    'of Service ports go into rules: %s is refused',
    (name) => {
      expect(serviceSpec(`{ ports: [{ name: ${name}, port: 80 }] }`).map(brief)).toEqual(['4:25 invalid-value']);
    },
  );

  it.each(['http', '""', 'a'.repeat(63)])('of Service ports are labels: %s is accepted', (name) => {
    expect(serviceSpec(`{ ports: [{ name: ${name}, port: 80 }] }`)).toEqual([]);
  });

  it.each([
    ['Endpoints', 'v1', 'subsets: [{ ports: [{ name: two words, port: 80 }] }]', '4:29'],
    [
      'EndpointSlice',
      'discovery.k8s.io/v1',
      'addressType: IPv4\nendpoints: []\nports: [{ name: two words, port: 80 }]',
      '6:17',
    ],
  ])('of %s ports are labels as well', (kind, apiVersion, rest, where) => {
    expect(problems(`apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\n${rest}\n`)).toEqual([
      `${where} invalid-value`,
    ]);
  });

  it.each([
    ['http', []],
    ['a'.repeat(15), []],
    ['web-1', []],
    ['"80"', ['invalid-value']],
    ['a'.repeat(16), ['invalid-value']],
    ['a--b', ['invalid-value']],
    ['HTTP', ['invalid-value']],
    ['"a\\nb"', ['invalid-value']],
  ])('of container ports are IANA service names, and what a targetPort may be: %s', (name, expected) => {
    const codes = [
      read(`${named('Pod', 'a')}spec: { containers: [{ name: a, ports: [{ name: ${name}, containerPort: 80 }] }] }\n`),
      { diagnostics: serviceSpec(`{ ports: [{ port: 80, targetPort: ${name} }] }`) },
    ].map(({ diagnostics }) => diagnostics.map(({ code }) => code));
    expect(codes).toEqual([expected, expected]);
  });

  it.each(['../../etc', '"a b"', '"node1\\n"', 'Node1'])('of nodes that only a Pod names are refused: %s', (name) => {
    expect(problems(`${named('Pod', 'a')}spec: { nodeName: ${name}, containers: [{ name: a }] }\n`)).toEqual([
      '4:19 invalid-value',
    ]);
  });

  it('of a node left empty by a Pod is none', () => {
    const [pod] = read(`${named('Pod', 'a')}spec: { nodeName: "", containers: [{ name: a }] }\n`).manifests;
    expect(pod!.object).toMatchObject({ spec: { nodeName: undefined } });
  });

  it.each([
    'detectLocalMode: BridgeInterface, detectLocal: { bridgeInterface: br-0123456789.1 }',
    'detectLocalMode: InterfaceNamePrefix, detectLocal: { interfaceNamePrefix: fourteen-chars }',
    'detectLocalMode: None, detectLocal: { bridgeInterface: "", interfaceNamePrefix: "" }',
  ])('of devices may be as long as the kernel takes them: %s', (proxy) => {
    expect(problems(`${TOPOLOGY}spec: { cluster: { proxy: { mode: iptables, ${proxy} } } }\n`)).toEqual([]);
  });

  it.each([
    'detectLocalMode: InterfaceNamePrefix, detectLocal: { interfaceNamePrefix: fifteen-letters }',
    'detectLocalMode: BridgeInterface, detectLocal: { bridgeInterface: "cni0 -j DROP" }',
    'detectLocalMode: InterfaceNamePrefix, detectLocal: { interfaceNamePrefix: "a\\nCOMMIT" }',
    'detectLocalMode: BridgeInterface, detectLocal: { bridgeInterface: sixteen-letters- }',
  ])('of devices go into rules: %s is refused', (proxy) => {
    const found = problems(`${TOPOLOGY}spec: { cluster: { proxy: { mode: iptables, ${proxy} } } }\n`);
    expect(found.map((text) => text.replace(/^[0-9]+:[0-9]+ /, ''))).toEqual(['invalid-value']);
  });
});

describe('an empty value', () => {
  it('counts as left out, as Kubernetes reads it', () => {
    const { manifests, diagnostics } = read(yaml`
      apiVersion: v1
      kind: Service
      metadata: { name: web, labels: null, annotations: ~ }
      spec:
        clusterIP:
        selector: { app: web }
        ports: [{ port: 80, targetPort: null, name: }]
      status:
    `);
    expect(diagnostics).toEqual([]);
    expect(manifests[0]!.object).toEqual({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web' },
      spec: {
        type: 'ClusterIP',
        selector: { app: 'web' },
        ports: [{ port: 80, protocol: 'TCP' }],
        externalTrafficPolicy: 'Cluster',
        internalTrafficPolicy: 'Cluster',
        sessionAffinity: 'None',
        allocateLoadBalancerNodePorts: true,
        publishNotReadyAddresses: false,
      },
    });
  });

  it('is still missing where something is needed', () => {
    expect(problems(`${SERVICE}spec: { ports: [{ port: }] }\n`)).toEqual(['4:25 missing-field']);
    expect(problems(`${SERVICE}spec: { ports: [~] }\n`)).toEqual(['4:17 wrong-type']);
  });
});

it('a manifest remembers where each of its fields stands', () => {
  const [manifest] = read(yaml`
    apiVersion: v1
    kind: Service
    metadata: { name: web }
    spec:
      ports:
        - port: 80
        - port: 81
          nodePort: 30081
  `).manifests;
  const place = (path: readonly (string | number)[], part?: 'key' | 'value') => {
    const { line, column, length } = manifest!.locate(path, part);
    return [line, column, length];
  };
  expect(place(['spec', 'ports', 1, 'nodePort'])).toEqual([8, 17, 5]);
  expect(place(['spec', 'ports', 1, 'nodePort'], 'key')).toEqual([8, 7, 8]);
  expect(place(['spec', 'ports', 1])).toEqual([7, 7, 8]);
  expect(place(['spec', 'ports', 7, 'nodePort'])).toEqual([6, 5, 10]);
  expect(place(['spec', 'type'])).toEqual([5, 3, 6]);
});
