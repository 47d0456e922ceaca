/** hostPorts: the chains of the portmap plugin, as its source writes them. */
import { describe, expect, it } from 'vitest';
import type { Namespace } from '../../src/compile/kernel-state.ts';
import { pod, stream, topology } from '../model/objects.ts';
import { chainsOf, linkOf, namespaceOf, rulesOf, stateOf } from './state.ts';

/** node1 with one pod, 10.244.1.2, that asks for these ports; node2 with none. */
function node1(ports: readonly object[], cluster: object = { cni: { mode: 'host-gw' } }, spec: object = {}): Namespace {
  const nodes = [{ name: 'node1' }, { name: 'node2' }];
  const text = stream(
    topology({ cluster, nodes }),
    pod('a', { node: 'node1', spec: { containers: [{ name: 'app', ports }], ...spec } }),
  );
  return namespaceOf(stateOf(text), 'node.node1');
}

const WEB = [{ containerPort: 80, hostPort: 8000 }];

/** The pod's own chain. */
function podChain(node: Namespace): string {
  return Object.keys(chainsOf(node, 'nat')).find((name) => name.startsWith('CNI-DN-'))!;
}

describe('a hostPort', () => {
  it('is marked when it comes from the pod subnet or 127.0.0.1, and translated', () => {
    const node = node1(WEB);
    expect(rulesOf(node, 'nat', podChain(node))).toEqual([
      '-p tcp --dport 8000 -s 10.244.1.0/24 -j CNI-HOSTPORT-SETMARK',
      '-p tcp --dport 8000 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK',
      '-p tcp --dport 8000 -j DNAT --to-destination 10.244.1.2:80',
    ]);
  });

  it('has a chain named by network and container, of 28 characters', () => {
    expect(podChain(node1(WEB))).toMatch(/^CNI-DN-[0-9a-f]{21}$/);
    expect(podChain(node1(WEB, { cni: { mode: 'bridge' } }))).not.toBe(podChain(node1(WEB)));
  });

  it('is found by what is sent to the node, coming in or going out', () => {
    const node = node1(WEB);
    for (const chain of ['PREROUTING', 'OUTPUT'])
      expect(rulesOf(node, 'nat', chain).at(-1)).toBe('-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT');
    const [jump, ...others] = rulesOf(node, 'nat', 'CNI-HOSTPORT-DNAT');
    expect(others).toEqual([]);
    expect(jump).toMatch(
      /^-m comment --comment "dnat name: \\"cbr0\\" id: \\"[0-9a-f]{64}\\"" -m multiport -p tcp --destination-ports 8000 -j CNI-DN-[0-9a-f]{21}$/,
    );
  });

  it('is masqueraded by its mark before anything else', () => {
    const node = node1(WEB);
    expect(rulesOf(node, 'nat', 'POSTROUTING')[0]).toBe(
      '-m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ',
    );
    expect(rulesOf(node, 'nat', 'CNI-HOSTPORT-MASQ')).toEqual(['-m mark --mark 0x2000/0x2000 -j MASQUERADE']);
    expect(rulesOf(node, 'nat', 'CNI-HOSTPORT-SETMARK')).toEqual([
      '-m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000',
    ]);
  });

  it('comes after the NodePorts of mode iptables', () => {
    const jumps = rulesOf(node1(WEB), 'nat', 'PREROUTING').map((text) => text.split(' ').at(-1));
    expect(jumps).toEqual(['KUBE-SERVICES', 'CNI-HOSTPORT-DNAT']);
  });

  it('makes the bridge route 127.0.0.1', () => {
    expect(linkOf(node1(WEB), 'cni0')).toMatchObject({ settings: { route_localnet: 1 } });
    expect(linkOf(node1([{ containerPort: 80 }]), 'cni0')).not.toHaveProperty('settings');
  });

  it('of one address matches that address, and one of IPv6 nothing of IPv4', () => {
    const private_ = node1([{ ...WEB[0], hostIP: '127.0.0.1' }]);
    expect(rulesOf(private_, 'nat', podChain(private_)).at(-1)).toBe(
      '-p tcp --dport 8000 -d 127.0.0.1 -j DNAT --to-destination 10.244.1.2:80',
    );
    const six = node1([{ ...WEB[0], hostIP: '::1' }]);
    expect(podChain(six)).toBeUndefined();
    expect(rulesOf(six, 'nat', 'CNI-HOSTPORT-DNAT')).toHaveLength(1);
  });
});

it('many hostPorts stand fifteen in a rule, each protocol in its own', () => {
  const tcp = Array.from({ length: 17 }, (_, index) => ({ containerPort: 100 + index, hostPort: 100 + index }));
  const node = node1([...tcp, { containerPort: 53, hostPort: 53, protocol: 'UDP' }]);
  const ports = rulesOf(node, 'nat', 'CNI-HOSTPORT-DNAT').map((text) =>
    /-p (\S+) --destination-ports (\S+)/.exec(text),
  );
  expect(ports.map((match) => [match?.[1], match?.[2]?.split(',').length])).toEqual([
    ['tcp', 15],
    ['tcp', 2],
    ['udp', 1],
  ]);
});

it('without hostPorts, or on the host network, the plugin leaves no trace', () => {
  for (const node of [
    node1([{ containerPort: 80 }]),
    node1([{ containerPort: 80, hostPort: 80 }], undefined, { hostNetwork: true }),
  ])
    expect(Object.keys(chainsOf(node, 'nat')).filter((name) => name.startsWith('CNI-'))).toEqual([]);
});
