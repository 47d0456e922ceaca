/** Docker Engine: docker0 and the rules of version 29, line for line, with docker-proxy and without; Kubernetes on its bridge. */
import { describe, expect, it } from 'vitest';
import type { Namespace } from '../../src/compile/kernel-state.ts';
import { pod, stream, topology } from '../model/objects.ts';
import { bare, chainsOf, linkOf, namespaceOf, rulesOf, stateOf, sysctlsOf } from './state.ts';

/** One host with a container at 172.17.0.2, which publishes these ports. */
function dock(publish: readonly string[], docker: object = {}) {
  const containers = [
    { name: 'web', publish },
    { name: 'none', network: 'none' },
  ];
  const state = stateOf(
    stream(topology({ nodes: [{ name: 'node1' }], hosts: [{ name: 'dock', docker: { ...docker, containers } }] })),
  );
  return (name: string) => namespaceOf(state, name);
}

/** What is not there is an empty object. */
function tables(namespace: Namespace) {
  return { raw: chainsOf(namespace, 'raw'), nat: chainsOf(namespace, 'nat'), filter: chainsOf(namespace, 'filter') };
}

describe('docker0', () => {
  it('has the first address of 172.17.0.0/16', () => {
    const host = dock([])('host.dock');
    expect(bare(host.addresses)).toContainEqual({
      device: 'docker0',
      address: '172.17.0.1/16',
      broadcast: '172.17.255.255',
    });
    expect(linkOf(host, 'docker0')).toMatchObject({ kind: 'bridge', mtu: 1500 });
  });

  it('has a port for each container on it, whose gateway it is', () => {
    const at = dock([]);
    const ports = at('host.dock').links.filter(({ master }) => master === 'docker0');
    expect(ports).toMatchObject([
      { kind: 'veth', hairpin: false, peer: { namespace: 'container.dock.web', name: 'eth0' } },
    ]);
    expect(ports[0]!.name).toMatch(/^veth[0-9a-f]{7}$/);
    expect(linkOf(at('container.dock.web'), 'eth0')).toMatchObject({ mac: '02:42:ac:11:00:02' });
    expect(bare(at('container.dock.web').routes)).toEqual([
      { to: 'default', via: '172.17.0.1', device: 'eth0', onlink: false },
    ]);
  });

  it('is nothing to a container without network', () => {
    expect(dock([])('container.dock.none')).toMatchObject({ links: [], addresses: [], routes: [] });
  });

  it('makes its host a router, which drops what nobody accepts', () => {
    const host = dock([])('host.dock');
    expect(sysctlsOf(host)['net.ipv4.ip_forward']).toBe('1');
    const filter = host.iptables!.tables.find(({ name }) => name === 'filter')!;
    expect(filter.chains.map(({ name, policy }) => [name, policy]).filter(([, policy]) => policy)).toEqual([
      ['INPUT', 'ACCEPT'],
      ['FORWARD', 'DROP'],
      ['OUTPUT', 'ACCEPT'],
    ]);
  });
});

describe('the rules', () => {
  it('of an engine without published ports are those of a new daemon', () => {
    expect(tables(dock([])('host.dock'))).toEqual({
      raw: { PREROUTING: ['-d 172.17.0.2/32 ! -i docker0 -j DROP'], OUTPUT: [] },
      nat: {
        PREROUTING: ['-m addrtype --dst-type LOCAL -j DOCKER'],
        INPUT: [],
        OUTPUT: ['! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER'],
        POSTROUTING: ['-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE'],
        DOCKER: [],
      },
      filter: {
        INPUT: [],
        FORWARD: ['-j DOCKER-USER', '-j DOCKER-FORWARD'],
        OUTPUT: [],
        DOCKER: ['! -i docker0 -o docker0 -j DROP'],
        'DOCKER-BRIDGE': ['-o docker0 -j DOCKER'],
        'DOCKER-CT': ['-o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
        'DOCKER-FORWARD': ['-j DOCKER-CT', '-j DOCKER-INTERNAL', '-j DOCKER-BRIDGE', '-i docker0 -j ACCEPT'],
        'DOCKER-INTERNAL': [],
        'DOCKER-USER': [],
      },
    });
  });

  it('of a published port translate what comes by other devices, and let it pass', () => {
    const host = dock(['8080:80', '5353:53/UDP'])('host.dock');
    expect(rulesOf(host, 'nat', 'DOCKER')).toEqual([
      '! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
      '! -i docker0 -p udp -m udp --dport 5353 -j DNAT --to-destination 172.17.0.2:53',
    ]);
    expect(rulesOf(host, 'filter', 'DOCKER')).toEqual([
      '-d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp -m udp --dport 53 -j ACCEPT',
      '-d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT',
      '! -i docker0 -o docker0 -j DROP',
    ]);
  });

  it('of one published at 127.0.0.1 keep others away from it', () => {
    const host = dock(['127.0.0.1:8080:80'])('host.dock');
    expect(rulesOf(host, 'raw', 'PREROUTING')).toEqual([
      '-d 172.17.0.2/32 ! -i docker0 -j DROP',
      '-d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8080 -j DROP',
    ]);
    expect(rulesOf(host, 'nat', 'DOCKER')).toEqual([
      '-d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
    ]);
  });

  it('without docker-proxy do what it would do', () => {
    const host = dock(['8080:80'], { userlandProxy: false })('host.dock');
    expect(rulesOf(host, 'nat', 'OUTPUT')).toEqual(['-m addrtype --dst-type LOCAL -j DOCKER']);
    expect(rulesOf(host, 'nat', 'POSTROUTING')).toEqual([
      '-o docker0 -m addrtype --src-type LOCAL -j MASQUERADE',
      '-s 172.17.0.0/16 ! -o docker0 -j MASQUERADE',
      '-s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE',
    ]);
    expect(rulesOf(host, 'nat', 'DOCKER')).toEqual([
      '-p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80',
    ]);
  });
});

describe('docker-proxy', () => {
  it('serves each published port, on its address', () => {
    expect(bare(dock(['8080:80', '127.0.0.1:5353:53/UDP'])('host.dock').relays)).toEqual([
      {
        program: 'docker-proxy',
        serves: 'container/dock/web:80',
        protocol: 'TCP',
        port: 8080,
        endpoints: [{ address: '172.17.0.2', port: 80 }],
        idleMs: 90_000,
        held: [],
      },
      {
        program: 'docker-proxy',
        serves: 'container/dock/web:53',
        protocol: 'UDP',
        address: '127.0.0.1',
        port: 5353,
        endpoints: [{ address: '172.17.0.2', port: 53 }],
        idleMs: 90_000,
        held: [],
      },
    ]);
  });

  it.each([
    [true, undefined, false, '0'],
    [false, 1, true, '1'],
  ])(
    'is not there, or else is (%s): then the bridge need not help',
    (userlandProxy, routeLocalnet, hairpin, bridged) => {
      const host = dock(['8080:80'], { userlandProxy })('host.dock');
      expect(host.relays).toHaveLength(userlandProxy ? 1 : 0);
      expect(linkOf(host, 'docker0').settings?.route_localnet).toBe(routeLocalnet);
      expect(host.links.find(({ master }) => master)!.hairpin).toBe(hairpin);
      expect(sysctlsOf(host)['net.bridge.bridge-nf-call-iptables']).toBe(bridged);
    },
  );
});

describe('who lives where', () => {
  it('the kernel state tells: containers that joined, and pods on the host network', () => {
    const containers = [{ name: 'a' }, { name: 'b', network: 'container:a' }, { name: 'c', network: 'host' }];
    const state = stateOf(
      stream(
        topology({ nodes: [{ name: 'node1' }], hosts: [{ name: 'dock', docker: { containers } }] }),
        pod('p', { spec: { hostNetwork: true } }),
      ),
    );
    const guests = Object.fromEntries(state.namespaces.flatMap(({ name, guests }) => (guests ? [[name, guests]] : [])));
    expect(guests).toEqual({
      'container.dock.a': ['container/dock/b'],
      'host.dock': ['container/dock/c'],
      'node.node1': ['pod/p'],
    });
  });
});

describe("Kubernetes on Docker's bridge", () => {
  const nodes = [{ name: 'node1', addresses: ['10.0.0.21'] }, { name: 'node2' }];
  const node1 = (...ports: readonly object[]) =>
    namespaceOf(
      stateOf(
        stream(
          topology({ cluster: { cni: { mode: 'docker' }, proxy: { mode: 'none' } }, nodes }),
          pod('a', { node: 'node1', spec: { containers: [{ name: 'app', ports }] } }),
        ),
      ),
      'node.node1',
    );

  it("gives docker0 the first address of the node's subnet, and routes to the others'", () => {
    const node = node1();
    expect(bare(node.addresses)).toContainEqual(
      expect.objectContaining({ device: 'docker0', address: '10.244.1.1/24' }),
    );
    expect(bare(node.routes)).toContainEqual({ to: '10.244.2.0/24', via: '10.0.0.11', device: 'eth0', onlink: false });
  });

  it('lets its ports send packets back, as kubelet does', () => {
    expect(node1().links.filter(({ master }) => master === 'docker0')).toMatchObject([{ hairpin: true }]);
  });

  it('has it also on a node without pods', () => {
    const state = stateOf(stream(topology({ cluster: { cni: { mode: 'docker' } }, nodes })));
    expect(linkOf(namespaceOf(state, 'node.node2'), 'docker0').kind).toBe('bridge');
  });

  it("writes no rules: kubelet's are all there are", () => {
    const { nat, raw } = tables(node1({ containerPort: 80, hostPort: 8000 }));
    expect(raw).toEqual({});
    expect(Object.values(nat).flat()).toEqual([]);
  });

  it('leaves hostPorts to docker-proxy, on addresses of the node', () => {
    const ports = [
      { containerPort: 80, hostPort: 8000 },
      { containerPort: 81, hostPort: 8001, hostIP: '10.0.0.21' },
      { containerPort: 82, hostPort: 8002, hostIP: '127.0.0.1' },
      { containerPort: 83, hostPort: 8003, hostIP: '10.0.0.99' },
      { containerPort: 84, hostPort: 8004, protocol: 'SCTP' },
    ];
    expect(node1(...ports).relays.map(({ address, port, serves }) => [address, port, serves])).toEqual([
      [undefined, 8000, 'pod/a:80'],
      ['10.0.0.21', 8001, 'pod/a:81'],
      ['127.0.0.1', 8002, 'pod/a:82'],
    ]);
  });
});
