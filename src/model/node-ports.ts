/** Allocates NodePorts from the API server's range, each once per protocol. */
import type { Diagnostics, Position } from '../diagnostic.ts';
import type { Protocol } from '../net/port.ts';
import type { ManifestOf } from '../parse/index.ts';

type ServiceManifest = ManifestOf<'Service'>;

export class NodePorts {
  readonly #low: number;
  readonly #high: number;
  readonly #taken = new Map<string, string>();
  readonly #fixed = new Map<ServiceManifest, (number | undefined)[]>();
  readonly #diagnostics: Diagnostics;

  constructor(range: string, at: Position | undefined, diagnostics: Diagnostics) {
    const [low, high] = range.split('-').map(Number) as [number, number];
    if (low < 1 || high > 65535 || low > high)
      diagnostics.error('invalid-value', `${range} is not a range of ports`, at, 'write it like 30000-32767');
    this.#low = low;
    this.#high = high;
    this.#diagnostics = diagnostics;
  }

  /** Registers the ports a Service fixes, before any is allocated; reports those out of range or taken. */
  claim(service: ServiceManifest): void {
    const { spec, metadata } = service.object;
    const fixed = (spec.ports ?? []).map(({ nodePort, protocol }, index) => {
      if (!nodePort) return undefined;
      const at = service.locate(['spec', 'ports', index, 'nodePort']);
      if (spec.type === 'ClusterIP') {
        this.#diagnostics.error(
          'unexpected-node-port',
          'a Service of type ClusterIP has no nodePort',
          at,
          'set type: NodePort or type: LoadBalancer',
        );
        return undefined;
      }
      this.#register(nodePort, protocol, metadata.name, at);
      return nodePort;
    });
    this.#fixed.set(service, fixed);
    if (spec.healthCheckNodePort)
      this.#register(
        spec.healthCheckNodePort,
        'TCP',
        `${metadata.name} (health check)`,
        service.locate(['spec', 'healthCheckNodePort']),
      );
  }

  /** The NodePort of a Service's port: the fixed one, else an allocated one where the type asks for it. */
  of(service: ServiceManifest, index: number): number | undefined {
    const { spec, metadata } = service.object;
    const port = spec.ports![index]!;
    const wanted = spec.type === 'NodePort' || (spec.type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts);
    return (
      this.#fixed.get(service)?.[index] ??
      (wanted ? this.#allocate(port.port, port.protocol, metadata.name, service) : undefined)
    );
  }

  /** The health check port of a load-balanced Service with externalTrafficPolicy Local. */
  healthCheck(service: ServiceManifest): number | undefined {
    const { spec, metadata } = service.object;
    return spec.healthCheckNodePort || this.#allocate(0, 'TCP', `${metadata.name} (health check)`, service);
  }

  #register(port: number, protocol: Protocol, owner: string, at: Position): void {
    if (port < this.#low || port > this.#high) {
      this.#diagnostics.error(
        'node-port-range',
        `nodePort ${port} is out of range`,
        at,
        `NodePorts are ${this.#low} to ${this.#high}; spec.cluster.serviceNodePortRange changes that`,
      );
      return;
    }
    const key = `${port}/${protocol}`;
    const other = this.#taken.get(key);
    if (other !== undefined)
      this.#diagnostics.error('node-port-taken', `nodePort ${key} is taken by Service ${other}`, at);
    this.#taken.set(key, owner);
  }

  /** Recognisable at sight where possible: port 80 gets 30080. */
  #allocate(port: number, protocol: Protocol, owner: string, service: ServiceManifest): number | undefined {
    const size = this.#high - this.#low + 1;
    const start = port < size ? port : 0;
    for (let offset = 0; offset < size; offset++) {
      const candidate = this.#low + ((start + offset) % size);
      const key = `${candidate}/${protocol}`;
      if (this.#taken.has(key)) continue;
      this.#taken.set(key, owner);
      return candidate;
    }
    this.#diagnostics.error(
      'node-ports-exhausted',
      `no NodePort is left for Service ${owner}`,
      service.locate(['metadata', 'name']),
    );
    return undefined;
  }
}
