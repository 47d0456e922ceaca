/** The ports that a pod's containers declare. They share one network namespace, so that a port is one container's only. */
import { type Diagnostics, formatPosition, type Position } from '../diagnostic.ts';
import { formatPort } from '../net/port.ts';
import type { Path } from '../parse/yaml.ts';
import type { ContainerPort } from './cluster.ts';
import { type Draft, podPlace } from './draft.ts';

export interface DeclaredPort extends ContainerPort {
  readonly containerAt: Position;
  /** Where the port of the node stands, which on the host network is the port itself. */
  readonly hostPortAt: Position;
}

/** The ports of each draft; what is wrong with them is reported once for all replicas. */
export function declaredPorts(
  drafts: readonly Draft[],
  diagnostics: Diagnostics,
): (draft: Draft) => readonly DeclaredPort[] {
  const bySpec = new Map<Draft['spec'], readonly DeclaredPort[]>();
  for (const draft of drafts) {
    if (bySpec.has(draft.spec)) continue;
    const ports = portsOf(draft);
    bySpec.set(draft.spec, ports);
    reportSharedPorts(draft, ports, diagnostics);
    if (draft.spec.hostNetwork) reportOtherHostPorts(draft, ports, diagnostics);
    else reportSharedHostPorts(draft, ports, diagnostics);
  }
  return ({ spec }) => bySpec.get(spec)!;
}

/** Init containers are gone when the others run, except those that are restarted: sidecars. */
function portsOf({ spec, locateSpec }: Draft): DeclaredPort[] {
  const of = (list: 'containers' | 'initContainers', index: number) => {
    const { name: container, ports = [] } = spec[list]![index]!;
    return ports.map(({ name, containerPort, protocol, hostPort, hostIP }, port): DeclaredPort => {
      const at = (field: string): Path => [list, index, 'ports', port, field];
      return {
        ...(name !== undefined && { name }),
        container,
        port: containerPort,
        protocol,
        ...(hostPort !== undefined && { hostPort }),
        ...(hostIP !== undefined && hostIP !== ANY && { hostIP }),
        containerAt: locateSpec(at('containerPort')),
        hostPortAt: locateSpec(at(hostPort === undefined ? 'containerPort' : 'hostPort')),
      };
    });
  };
  return [
    ...(spec.initContainers ?? []).flatMap(({ restartPolicy }, index) =>
      restartPolicy === 'Always' ? of('initContainers', index) : [],
    ),
    ...spec.containers.flatMap((_, index) => of('containers', index)),
  ];
}

const ANY = '0.0.0.0';

/** The API server lets it pass; the second process to bind the port fails with "address already in use". */
function reportSharedPorts(draft: Draft, ports: readonly DeclaredPort[], diagnostics: Diagnostics): void {
  for (const [index, { container, port, protocol, containerAt }] of ports.entries()) {
    const other = ports
      .slice(0, index)
      .find((before) => before.port === port && before.protocol === protocol && before.container !== container);
    if (!other) continue;
    diagnostics.error(
      'port-taken',
      `container ${container} of ${podPlace(draft)} cannot listen on port ${formatPort({ port, protocol })}: container ${other.container} does (${formatPosition(other.containerAt)})`,
      containerAt,
      'the containers of a pod share its network namespace: give one of them another port',
    );
  }
}

/** kubernetes pkg/apis/core/validation/validation.go, AccumulateUniqueHostPorts. */
function reportSharedHostPorts(draft: Draft, ports: readonly DeclaredPort[], diagnostics: Diagnostics): void {
  for (const [index, { hostPort, hostIP, protocol, hostPortAt }] of ports.entries()) {
    const other = ports
      .slice(0, index)
      .find((before) => before.hostPort === hostPort && before.hostIP === hostIP && before.protocol === protocol);
    if (!other || hostPort === undefined) continue;
    diagnostics.error(
      'host-port-taken',
      `hostPort ${formatPort({ port: hostPort, protocol })} stands twice in ${podPlace(draft)} (${formatPosition(other.hostPortAt)})`,
      hostPortAt,
    );
  }
}

/** kubernetes pkg/apis/core/validation/validation.go, validateHostNetwork. */
function reportOtherHostPorts(draft: Draft, ports: readonly DeclaredPort[], diagnostics: Diagnostics): void {
  for (const { port, hostPort, hostPortAt } of ports) {
    if (hostPort === undefined || hostPort === port) continue;
    diagnostics.error(
      'conflicting-fields',
      `${podPlace(draft)} is on the host network: its hostPort ${hostPort} must be its containerPort, ${port}`,
      hostPortAt,
      'leave out hostPort, or hostNetwork',
    );
  }
}
