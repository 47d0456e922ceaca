/** NodePorts: chosen or allocated from the API server's range, each once a protocol. */
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { yaml } from '../parse/yaml-text.ts';
import { clusterOf, error, errors } from './cluster.ts';
import { service, stream, topology } from './objects.ts';

const LAB = topology({ nodes: [{ name: 'node1' }] });
const NODE_PORT = { type: 'NodePort' };

function nodePorts(...documents: readonly string[]): (number | undefined)[] {
  return clusterOf(stream(LAB, ...documents)).services.flatMap(({ ports }) => ports.map(({ nodePort }) => nodePort));
}

const port = (number: number, rest: object = {}) => ({ ports: [{ port: number, ...rest }] });

describe('an allocated NodePort', () => {
  it('is 30000 and the port, so that it is recognised', () => {
    expect(
      nodePorts(service('a', { ...NODE_PORT, ...port(80) }), service('b', { ...NODE_PORT, ...port(443) })),
    ).toEqual([30080, 30443]);
  });

  it('is the next free one when that is taken', () => {
    const again = (name: string) => service(name, { ...NODE_PORT, ...port(80) });
    expect(nodePorts(again('a'), again('b'), again('c'))).toEqual([30080, 30081, 30082]);
  });

  it('is never one that a later Service fixes', () => {
    expect(
      nodePorts(
        service('a', { ...NODE_PORT, ...port(80) }),
        service('b', { ...NODE_PORT, ...port(443, { nodePort: 30080 }) }),
      ),
    ).toEqual([30081, 30080]);
  });

  it('begins at the bottom for ports that would leave the range', () => {
    expect(
      nodePorts(service('a', { ...NODE_PORT, ...port(8080) }), service('b', { ...NODE_PORT, ...port(9090) })),
    ).toEqual([30000, 30001]);
  });

  it('may be the same for TCP and UDP', () => {
    const ports = [
      { name: 'tcp', port: 53 },
      { name: 'udp', port: 53, protocol: 'UDP' },
    ];
    expect(nodePorts(service('dns', { ...NODE_PORT, ports }))).toEqual([30053, 30053]);
  });

  it('is given to load balancers as well, unless they say no', () => {
    expect(
      nodePorts(
        service('a', { type: 'LoadBalancer' }),
        service('b', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false }),
        service('c', { type: 'LoadBalancer', allocateLoadBalancerNodePorts: false, ...port(80, { nodePort: 31000 }) }),
      ),
    ).toEqual([30080, undefined, 31000]);
  });

  it('is not given to a ClusterIP Service', () => {
    expect(
      nodePorts(service('a'), service('b', { externalIPs: ['10.0.0.50'] }), service('c', port(80, { nodePort: 0 }))),
    ).toEqual([undefined, undefined, undefined]);
  });
});

describe('a range', () => {
  const ranged = (serviceNodePortRange: string, ...documents: readonly string[]) =>
    stream(topology({ cluster: { serviceNodePortRange } }), ...documents);

  it('of its own is kept to', () => {
    const { services } = clusterOf(ranged('3000-3100', service('a', { ...NODE_PORT, ...port(80) })));
    expect(services[0]!.ports[0]!.nodePort).toBe(3080);
  });

  it.each(['0-10', '32767-30000', '30000-70000'])('of %s is refused', (range) => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        cluster:
          serviceNodePortRange: ${range}
    `;
    expect(errors(text)).toEqual(['5:27 invalid-value']);
  });

  it('that is used up is refused at the Service that gets none', () => {
    const documents = ['a', 'b', 'c'].map((name) => service(name, { ...NODE_PORT, ...port(1) }));
    expect(error(ranged('30000-30001', ...documents))).toMatchObject({
      code: 'node-ports-exhausted',
      message: 'no NodePort is left for Service c',
      at: { line: 7 },
    });
  });

  it('that is used up is refused as well when no port could be recognised in it', () => {
    const documents = ['a', 'b', 'c'].map((name) => service(name, { ...NODE_PORT, ...port(8080) }));
    /** Ends a search that never ends; the test runner could not. */
    const withinASecond = runInNewContext(
      'search()',
      { search: () => errors(ranged('30000-30001', ...documents)) },
      {
        timeout: 1_000,
      },
    );
    expect(withinASecond).toEqual([expect.stringMatching(/^7:\d+ node-ports-exhausted$/)]);
  });
});

describe('a chosen NodePort is refused where it stands:', () => {
  const chosen = (type: string, nodePort: number) => yaml`
    apiVersion: v1
    kind: Service
    metadata: { name: first }
    spec: { type: NodePort, ports: [{ port: 80, nodePort: 30080 }] }
    ---
    apiVersion: v1
    kind: Service
    metadata: { name: second }
    spec:
      type: ${type}
      ports:
        - port: 80
          nodePort: ${nodePort}
  `;

  it.each([
    ['below the range', 'NodePort', 29999, 'node-port-range', 'nodePort 29999 is out of range'],
    ['above the range', 'NodePort', 32768, 'node-port-range', 'nodePort 32768 is out of range'],
    ['taken by another', 'NodePort', 30080, 'node-port-taken', 'nodePort 30080/TCP is taken by Service first'],
    [
      'on a ClusterIP Service',
      'ClusterIP',
      30081,
      'unexpected-node-port',
      'a Service of type ClusterIP has no nodePort',
    ],
  ])('%s', (_, type, nodePort, code, message) => {
    expect(error(chosen(type, nodePort))).toMatchObject({ code, message, at: { line: 13, column: 17 } });
  });

  it.each([30000, 32767])('%i is not: the ends belong to the range', (nodePort) => {
    expect(errors(chosen('LoadBalancer', nodePort))).toEqual([]);
  });

  it('and the help says how to widen the range', () => {
    expect(error(chosen('NodePort', 80)).help).toBe(
      'NodePorts are 30000 to 32767; spec.cluster.serviceNodePortRange changes that',
    );
  });
});

describe('a health check port', () => {
  const local = { type: 'LoadBalancer', externalTrafficPolicy: 'Local' };

  it('belongs to load balancers with policy Local', () => {
    const cluster = clusterOf(
      stream(
        LAB,
        service('local', local),
        service('cluster', { type: 'LoadBalancer' }),
        service('node-port', { ...NODE_PORT, externalTrafficPolicy: 'Local' }),
        service('chosen', { ...local, healthCheckNodePort: 31999 }),
      ),
    );
    expect(cluster.services.map(({ name, healthCheckNodePort }) => [name, healthCheckNodePort])).toEqual([
      ['local', 30000],
      ['cluster', undefined],
      ['node-port', undefined],
      ['chosen', 31999],
    ]);
  });

  it.each([
    [30080, 'node-port-taken'],
    [80, 'node-port-range'],
  ])('%i is refused like any NodePort', (healthCheckNodePort, code) => {
    const text = stream(
      LAB,
      service('web', { ...NODE_PORT, ...port(80, { nodePort: 30080 }) }),
      service('lb', { ...local, healthCheckNodePort }),
    );
    expect(errors(text)).toEqual([expect.stringMatching(new RegExp(`^5:\\d+ ${code}$`))]);
  });

  it('that is chosen is allocated to nobody', () => {
    const { services } = clusterOf(
      stream(LAB, service('a', { ...local, healthCheckNodePort: 30080 }), service('b', { ...NODE_PORT, ...port(80) })),
    );
    expect(services.map(({ ports }) => ports[0]!.nodePort)).toEqual([30081, 30082]);
  });
});
