/** UDP ports of nodes that tunnels have: a pod on the host network cannot have them. */
import { describe, expect, it } from 'vitest';
import { error, errors } from './cluster.ts';
import { pod, stream, topology } from './objects.ts';

function asking(cni: object, port: object, hostNetwork = true): string {
  const containers = [{ name: 'app', ports: [port] }];
  return stream(
    topology({ cluster: { cni }, nodes: [{ name: 'node1' }] }),
    pod('a', { spec: { hostNetwork, containers } }),
  );
}

const udp = (containerPort: number) => ({ containerPort, protocol: 'UDP' });

describe('the port of a tunnel', () => {
  it.each([
    [{ mode: 'vxlan' }, 8472],
    [{ mode: 'vxlan', port: 4790 }, 4790],
    [{ mode: 'calico-vxlan' }, 4789],
    [{ mode: 'udp' }, 8285],
    [{ mode: 'wireguard' }, 51_820],
  ])('of %j, %i, is refused to a pod on the host network', (cni, port) => {
    expect(error(asking(cni, udp(port)))).toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining(
        `pod/a cannot have port ${port}/UDP of node/node1: the tunnel of ${cni.mode} has it`,
      ),
    });
  });

  it.each([
    ['of TCP', asking({ mode: 'vxlan' }, { containerPort: 8472 })],
    ['of another mode', asking({ mode: 'host-gw' }, udp(8472))],
    ['in a namespace of its own', asking({ mode: 'vxlan' }, udp(8472), false)],
  ])('is free %s', (_, text) => {
    expect(errors(text)).toEqual([]);
  });
});
