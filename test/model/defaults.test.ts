/** Plain Kubernetes YAML, without a Topology: what nobody says is guessed the way a Kubernetes person would. */
import { describe, expect, it } from 'vitest';
import { clusterOf, errors } from './cluster.ts';
import { node, pod, service, slice, stream, topology, workload } from './objects.ts';

describe('without a Topology', () => {
  it('there are two nodes and a client outside, on one network', () => {
    const cluster = clusterOf(stream(service('web')));
    expect(cluster.networks.map(({ name, cidr, mtu }) => [name, cidr.text, mtu])).toEqual([
      ['lan', '10.0.0.0/24', 1500],
    ]);
    expect(cluster.nodes.map(({ place, address, podCIDR }) => [place, address, podCIDR.text])).toEqual([
      ['node/node1', '10.0.0.11', '10.244.1.0/24'],
      ['node/node2', '10.0.0.12', '10.244.2.0/24'],
    ]);
    expect(cluster.hosts.map(({ place, address }) => [place, address])).toEqual([['host/client', '10.0.0.100']]);
    expect(cluster.routers).toEqual([]);
    expect([cluster.podCIDR.text, cluster.serviceCIDR.text]).toEqual(['10.244.0.0/16', '10.96.0.0/12']);
  });

  it('the modes are vxlan and iptables, with the defaults of flannel and kube-proxy', () => {
    const { cni, proxy } = clusterOf(stream(service('web')));
    expect(cni).toEqual({
      mode: 'vxlan',
      vni: 1,
      port: 8472,
      learning: false,
      gbp: false,
      directRouting: false,
      ipMasq: true,
    });
    expect(proxy).toEqual({
      mode: 'iptables',
      masqueradeAll: false,
      masqueradeBit: 14,
      localhostNodePorts: true,
      nodePortAddresses: [],
      detectLocalMode: 'ClusterCIDR',
      detectLocal: { bridgeInterface: '', interfaceNamePrefix: '' },
      conntrack: { tcpBeLiberal: false },
      ipvs: { scheduler: 'rr', strictARP: false },
      portRange: '',
      udpIdleTimeout: 250,
    });
  });

  it('the lab is called what the options say', () => {
    expect(clusterOf(stream(service('web')), { name: 'shop' }).name).toBe('shop');
    expect(clusterOf(stream(topology({}, 'mine')), { name: 'shop' }).name).toBe('mine');
  });

  it('nothing at all is a lab as well', () => {
    const { nodes, pods, checks } = clusterOf('');
    expect([nodes.length, pods.length, checks.length]).toEqual([2, 0, 0]);
    expect(nodes[0]!.origin).toEqual({ file: '<default>', line: 1 });
  });
});

describe('a Topology that says nothing', () => {
  it('has the nodes, but no host: what is outside the cluster is for it to say', () => {
    const { nodes, hosts } = clusterOf(stream(topology()));
    expect(nodes.map(({ name }) => name)).toEqual(['node1', 'node2']);
    expect(hosts).toEqual([]);
  });
});

describe('Node objects', () => {
  it('are the nodes', () => {
    expect(clusterOf(stream(node('b'), node('a'))).nodes.map(({ name, address }) => [name, address])).toEqual([
      ['b', '10.0.0.11'],
      ['a', '10.0.0.12'],
    ]);
  });

  it('come after those of the Topology', () => {
    const { nodes } = clusterOf(stream(node('b'), node('a'), topology({ nodes: [{ name: 'a' }, { name: 'c' }] })));
    expect(nodes.map(({ name }) => name)).toEqual(['a', 'c', 'b']);
  });

  it('imply the pod range that holds all their subnets', () => {
    const of = (...podCIDRs: readonly string[]) => {
      const { podCIDR, nodes } = clusterOf(
        stream(...podCIDRs.map((podCIDR, index) => node(`node${index}`, { podCIDR }))),
      );
      return [podCIDR.text, ...nodes.map((each) => each.podCIDR.text)];
    };
    expect(of('10.42.0.0/24', '10.42.1.0/24')).toEqual(['10.42.0.0/16', '10.42.0.0/24', '10.42.1.0/24']);
    expect(of('10.244.7.0/24')).toEqual(['10.244.0.0/16', '10.244.7.0/24']);
    expect(of('10.42.0.0/24', '10.43.0.0/24')).toEqual(['10.42.0.0/15', '10.42.0.0/24', '10.43.0.0/24']);
  });

  it('imply the families of pods, in the order of their subnets, and ranges of each', () => {
    const dual = node('a', { podCIDR: 'fd00:1::/64', podCIDRs: ['fd00:1::/64', '10.42.3.0/24'] });
    const { families, podCIDRs, serviceCIDRs, networks, nodes } = clusterOf(stream(dual));
    const texts = (ranges: readonly { text: string }[]) => ranges.map(({ text }) => text);
    expect(families).toEqual([6, 4]);
    expect(texts(podCIDRs)).toEqual(['fd00:1::/56', '10.42.0.0/16']);
    expect(texts(serviceCIDRs)).toEqual(['fd00:10:96::/112', '10.96.0.0/12']);
    expect(texts(networks[0]!.cidrs)).toEqual(['fd00:10::/64', '10.0.0.0/24']);
    expect(texts(nodes[0]!.podCIDRs)).toEqual(['fd00:1::/64', '10.42.3.0/24']);
    expect(nodes[0]!.addresses).toEqual(['fd00:10::11', '10.0.0.11']);
  });

  it('of one family have addresses of that family only', () => {
    const status = ['10.0.0.7', 'fd00::7'].map((address) => ({ type: 'InternalIP', address }));
    const text = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'a' },
      status: { addresses: status },
    });
    expect(clusterOf(stream(text)).nodes[0]!.addresses).toEqual(['10.0.0.7']);
  });

  it('imply the network that holds all their addresses', () => {
    const { networks, nodes } = clusterOf(
      stream(node('a', {}, { internalIP: '192.168.9.1' }), node('b', {}, { internalIP: '192.168.9.2' })),
    );
    expect(networks[0]!.cidr.text).toBe('192.168.9.0/24');
    expect(nodes.map(({ address }) => address)).toEqual(['192.168.9.1', '192.168.9.2']);
  });

  it('imply a wider one when they are far apart', () => {
    const { networks } = clusterOf(
      stream(node('a', {}, { internalIP: '192.168.8.1' }), node('b', {}, { internalIP: '192.168.11.2' })),
    );
    expect(networks[0]!.cidr.text).toBe('192.168.8.0/22');
  });
});

describe('Services', () => {
  it('imply the service range that holds all their addresses', () => {
    const of = (...addresses: readonly string[]) =>
      clusterOf(stream(...addresses.map((clusterIP, index) => service(`s${index}`, { clusterIP })))).serviceCIDR.text;
    expect(of('10.43.0.1', '10.43.200.7')).toBe('10.43.0.0/16');
    expect(of('10.96.0.1', '10.107.158.131')).toBe('10.96.0.0/12');
    expect(of('10.43.0.1', 'None')).toBe('10.43.0.0/16');
    expect(of('10.254.176.53')).toBe('10.254.0.0/16');
    expect(of('172.20.0.1', '172.21.255.9')).toBe('172.20.0.0/15');
  });

  it('of two families imply that pods have both', () => {
    const clusterIPs = ['fd00::5', '10.43.0.5'];
    const dual = service('a', { clusterIP: 'fd00::5', clusterIPs, ipFamilyPolicy: 'PreferDualStack' });
    const { families, serviceCIDRs, services } = clusterOf(stream(dual));
    expect(families).toEqual([6, 4]);
    expect(serviceCIDRs.map(({ text }) => text)).toEqual(['fd00::/112', '10.43.0.0/16']);
    expect(services[0]!.clusterIPs).toEqual(clusterIPs);
  });

  it('imply nothing where the Topology says it: an address outside is refused', () => {
    const text = stream(
      topology({ cluster: { serviceCIDR: '10.96.0.0/12' } }),
      service('a', { clusterIP: '10.43.0.1' }),
    );
    expect(errors(text)).toEqual([expect.stringMatching(/^3:\d+ address-outside$/)]);
  });
});

describe('pods', () => {
  it('imply the nodes they name, in order, when no Node is given', () => {
    const { nodes, pods } = clusterOf(
      stream(pod('a', { node: 'worker-b' }), pod('b', { node: 'worker-a' }), pod('c', { node: 'worker-b' }), pod('d')),
    );
    expect(nodes.map(({ name, podCIDR }) => [name, podCIDR.text])).toEqual([
      ['worker-b', '10.244.1.0/24'],
      ['worker-a', '10.244.2.0/24'],
    ]);
    expect(pods.map(({ place, node: on }) => `${place} on ${on.name}`)).toEqual([
      'pod/a on worker-b',
      'pod/b on worker-a',
      'pod/c on worker-b',
      'pod/d on worker-a',
    ]);
  });

  it('imply no node when the cluster has some', () => {
    expect(errors(stream(node('a'), pod('x', { node: 'b' })))).toEqual([expect.stringMatching(/^3:\d+ unknown-node$/)]);
  });
});

it('kubectl get nodes,pods,svc,endpointslices -A -o yaml is a lab', () => {
  const managed = { labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' } };
  const owner = { metadata: { ownerReferences: [{ kind: 'ReplicaSet', name: 'web-5d4f', uid: 'x' }] } };
  const cluster = clusterOf(
    stream(
      node('a', { podCIDR: '10.42.0.0/24' }, { internalIP: '10.0.0.1' }),
      node('b', { podCIDR: '10.42.1.0/24' }, { internalIP: '10.0.0.2' }),
      pod('web-5d4f-x', { ...owner, labels: { app: 'web' }, node: 'a', ports: [8080], status: { podIP: '10.42.0.7' } }),
      pod('web-5d4f-y', { ...owner, labels: { app: 'web' }, node: 'b', ports: [8080], status: { podIP: '10.42.1.9' } }),
      workload('web', { kind: 'Deployment', replicas: 2 }),
      workload('web-5d4f', {
        kind: 'ReplicaSet',
        replicas: 2,
        metadata: { ownerReferences: [{ kind: 'Deployment', name: 'web', uid: 'x' }] },
      }),
      service('web', { clusterIP: '10.43.7.7', clusterIPs: ['10.43.7.7'], ports: [{ port: 80, targetPort: 8080 }] }),
      slice('web-abc', 'web', [{ addresses: ['10.42.1.9'], nodeName: 'b' }], {
        ...managed,
        ports: [{ name: '', port: 8080 }],
      }),
    ),
  );
  expect(cluster.pods.map(({ place, address, node: on }) => [place, address, on.address])).toEqual([
    ['pod/web-5d4f-x', '10.42.0.7', '10.0.0.1'],
    ['pod/web-5d4f-y', '10.42.1.9', '10.0.0.2'],
  ]);
  expect(cluster.services[0]).toMatchObject({
    clusterIP: '10.43.7.7',
    ports: [{ endpoints: [{ address: '10.42.1.9', port: 8080, node: 'b' }] }],
  });
});

describe('options', () => {
  const text = stream(
    topology({ cluster: { cni: { mode: 'vxlan', vni: 5 }, proxy: { mode: 'iptables', masqueradeAll: true } } }),
  );

  it('replace the modes of the Topology, with the defaults of the new ones', () => {
    expect(clusterOf(text, { cni: 'host-gw', proxy: 'none' })).toMatchObject({
      cni: { mode: 'host-gw', ipMasq: true },
      proxy: { mode: 'none' },
    });
  });

  it('that ask for the mode it has anyway leave its settings', () => {
    expect(clusterOf(text, { cni: 'vxlan', proxy: 'iptables' })).toMatchObject({
      cni: { mode: 'vxlan', vni: 5 },
      proxy: { masqueradeAll: true },
    });
  });
});
