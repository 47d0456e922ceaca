/** What is connected to what, who owns which address, and who would be asked next: read off a compiled topology. */
import { describe, expect, it } from 'vitest';
import type { KernelState } from '../../src/compile/index.ts';
import { injectFault } from '../../src/fault/index.ts';
import { Wiring } from '../../src/stitch/index.ts';
import { prepared, wiringOf } from './wirings.ts';

const wiring = wiringOf('nodeport-snat');

describe('the wiring', () => {
  it('leads from a pod to its port and back', () => {
    expect(wiring.neighbours('pod.default.web-0', 'eth0')).toEqual([{ namespace: 'node.node2', name: 'veth24d07f86' }]);
    expect(wiring.neighbours('node.node2', 'veth24d07f86')).toEqual([{ namespace: 'pod.default.web-0', name: 'eth0' }]);
  });

  it('leads from a machine to all others of its network, and not to itself', () => {
    expect(wiring.neighbours('node.node1', 'eth0').map(({ namespace }) => namespace)).toEqual([
      'node.node2',
      'host.client',
    ]);
  });

  it('leads nowhere from a device without a cable', () => {
    expect(wiring.neighbours('node.node1', 'flannel.1')).toEqual([]);
    expect(wiring.neighbours('nowhere', 'eth0')).toEqual([]);
  });

  it('knows ports of bridges, owners of addresses and their places', () => {
    expect(wiring.masterOf('node.node2', 'veth24d07f86')).toBe('cni0');
    expect(wiring.masterOf('node.node2', 'eth0')).toBeUndefined();
    expect(wiring.ownerOf('10.244.2.1')).toBe('node.node2');
    expect(wiring.ownerOf('10.244.2.9')).toBeUndefined();
    expect(wiring.placeOf('pod.default.web-0')).toBe('pod/web-0');
    expect(wiring.placeOf('network.lan')).toBe('network.lan');
    expect(wiring.namespaceOf('pod/web-0')).toBe('pod.default.web-0');
    expect(wiring.namespaceOf('pod/other')).toBeUndefined();
    expect(wiring.owners()).toContainEqual(['10.0.0.100', 'host/client']);
  });

  it('knows who has rules: nodes, and neither pods nor hosts', () => {
    const withRules = prepared('nodeport-snat').state.namespaces.filter(({ name }) => wiring.hasRules(name));
    expect(withRules.map(({ place }) => place)).toEqual(['node/node1', 'node/node2']);
  });

  it('knows an address that every node has as one of each, and as nobody’s own', () => {
    const shared = wiringOf('ipvs-tables');
    expect(shared.ownerOf('10.96.0.10')).toBeUndefined();
    expect(shared.owns('node/worker', '10.96.0.10')).toBe(true);
    expect(shared.owns('pod/client', '10.96.0.10')).toBe(false);
    expect(shared.owns('node/master', '10.0.0.50')).toBe(true);
    expect(shared.owns('node/worker', '10.0.0.50')).toBe(false);
    expect(shared.owners().map(([address]) => address)).not.toContain('10.96.0.10');
  });

  const nextHops: [namespace: string, destination: string, nextHop: string | undefined, why: string][] = [
    ['host.client', '10.0.0.11', '10.0.0.11', 'on the same network'],
    ['host.client', '10.244.2.2', undefined, 'no route'],
    ['node.node1', '10.244.2.2', '10.244.2.0', 'the route of the overlay'],
    ['node.node1', '8.8.8.8', '10.0.0.1', 'the default route'],
    ['node.node2', '10.244.2.2', '10.244.2.2', 'the subnet of its own pods'],
    ['pod.default.web-0', '10.244.1.9', '10.244.2.1', 'the longest of several'],
    ['nowhere', '10.0.0.1', undefined, 'no such namespace'],
  ];
  it.each(nextHops)('asks in %s for %s: %s (%s)', (namespace, destination, nextHop) => {
    expect(wiring.nextHop(namespace, destination)).toBe(nextHop);
  });

  it('knows the routers that machines hear of, and who does not listen', () => {
    const { state } = prepared('router-advertisements');
    const outside = ({ namespaces }: KernelState) => new Wiring({ namespaces }).nextHop('node.node1', 'fd00:20::100');
    expect(outside(state)).toBe('fe80::fdff:fe00:11');
    expect(outside(injectFault(state, { fault: 'no-accept-ra' }).state)).toBeUndefined();
    expect(outside(injectFault(state, { fault: 'no-bird' }).state)).toBeUndefined();
  });
});
