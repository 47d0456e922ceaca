/** Docker's containers: whose network namespace each is in, at which address, on which ports; and what is refused. */
import { describe, expect, it } from 'vitest';
import type { Cluster, Container } from '../../src/model/cluster.ts';
import { clusterOf, error, errors, modelled } from './cluster.ts';
import { stream, topology } from './objects.ts';

type Asked = {
  readonly name: string;
  readonly network?: string;
  readonly listen?: unknown[];
  readonly publish?: string[];
};

/** Two hosts, the first with these containers, the second with one of its own. */
function lab(containers: readonly Asked[], host: object = {}, spec: object = {}): string {
  const dock = { name: 'dock', ...host, docker: { containers } };
  const other = { name: 'other', docker: { containers: [{ name: 'web', publish: ['8080:80'] }] } };
  return stream(topology({ nodes: [{ name: 'node1' }], hosts: [dock, other], ...spec }));
}

function containersOf(...asked: readonly Asked[]): Container[] {
  return clusterOf(lab(asked)).containers.filter(({ host }) => host.name === 'dock');
}

function containerOf({ containers }: Cluster, place: string): Container {
  return containers.find((container) => container.place === place)!;
}

describe('a container', () => {
  it('of network bridge has a namespace of its own, and the next address of docker0', () => {
    expect(containersOf({ name: 'a' }, { name: 'b', network: 'bridge' })).toMatchObject([
      { place: 'container/dock/a', netns: 'container.dock.a', address: '172.17.0.2', network: 'bridge' },
      { place: 'container/dock/b', netns: 'container.dock.b', address: '172.17.0.3', network: 'bridge' },
    ]);
  });

  it('has the same address as one of another host', () => {
    const cluster = clusterOf(lab([{ name: 'a' }]));
    expect(containerOf(cluster, 'container/other/web').address).toBe(containerOf(cluster, 'container/dock/a').address);
  });

  it('of network host lives in its host, at its address', () => {
    expect(containersOf({ name: 'a', network: 'host' })).toMatchObject([{ netns: 'host.dock', address: '10.0.0.100' }]);
  });

  it('of network none has a namespace and no address', () => {
    const [container] = containersOf({ name: 'a', network: 'none' });
    expect(container).toMatchObject({ netns: 'container.dock.a', network: 'none' });
    expect(container).not.toHaveProperty('address');
  });

  it('that joins another lives there, also by way of a third, whatever the order', () => {
    const asked = [{ name: 'c', network: 'container:b' }, { name: 'b', network: 'container:a' }, { name: 'a' }];
    expect(containersOf(...asked).map(({ netns, address, network }) => [netns, address, network])).toEqual([
      ['container.dock.a', '172.17.0.2', 'container'],
      ['container.dock.a', '172.17.0.2', 'container'],
      ['container.dock.a', '172.17.0.2', 'bridge'],
    ]);
  });

  it('that joins one of network host lives in the host', () => {
    const [, joined] = containersOf({ name: 'a', network: 'host' }, { name: 'b', network: 'container:a' });
    expect(joined).toMatchObject({ netns: 'host.dock', address: '10.0.0.100' });
  });
});

describe('ports', () => {
  it('are published as docker run takes them', () => {
    const [container] = containersOf({ name: 'a', publish: ['8080:80', '127.0.0.1:5353:53/udp', '0.0.0.0:81:81'] });
    expect(container!.published).toEqual([
      { hostPort: 8080, port: 80, protocol: 'TCP' },
      { hostIP: '127.0.0.1', hostPort: 5353, port: 53, protocol: 'UDP' },
      { hostPort: 81, port: 81, protocol: 'TCP' },
    ]);
  });

  it('that are published answer', () => {
    expect(containersOf({ name: 'a', listen: [9000], publish: ['8080:80'] })[0]!.listen).toMatchObject([
      { port: 9000 },
      { port: 80 },
    ]);
  });

  it('that are published answer with the container that listens there', () => {
    const asked = [
      { name: 'pause', publish: ['80:80'] },
      { name: 'web', network: 'container:pause', listen: [80] },
    ];
    expect(containersOf(...asked).map(({ name, listen }) => [name, listen])).toEqual([
      ['pause', []],
      ['web', [{ port: 80, protocol: 'TCP' }]],
    ]);
  });

  it.each(['8080', '80:0', '80:65536', '1.2.3:80:80', '8080:80/SCTP', ':80:80', '8080:80/'])(
    'cannot be published as "%s"',
    (text) => {
      expect(error(lab([{ name: 'a', publish: [text] }])).message).toContain(
        'must be [ADDRESS:]HOST-PORT:PORT[/PROTOCOL], such as 8080:80',
      );
    },
  );

  it.each([
    [
      'twice on a host',
      [
        { name: 'a', publish: ['8080:80'] },
        { name: 'b', publish: ['8080:81'] },
      ],
      'container/dock/a',
    ],
    ['twice by one', [{ name: 'a', publish: ['8080:80', '8080:81'] }], 'container/dock/a'],
    ['on one address and on all', [{ name: 'a', publish: ['8080:80', '127.0.0.1:8080:80'] }], 'container/dock/a'],
    ['where the host listens', [{ name: 'a', publish: ['9000:80'] }], 'host/dock'],
    [
      'where one of network host listens',
      [
        { name: 'b', network: 'host', listen: [8000] },
        { name: 'a', publish: ['8000:80'] },
      ],
      'container/dock/b',
    ],
  ] as const)('cannot be published %s', (_, containers, owner) => {
    expect(error(lab(containers as unknown as Asked[], { listen: [9000] }))).toMatchObject({
      code: 'host-port-taken',
      message: expect.stringMatching(new RegExp(`of host/dock: ${owner} has it \\(lab\\.yaml:`)),
    });
  });

  it('may be published on two addresses, by two protocols, and on two hosts', () => {
    const publish = ['127.0.0.1:8080:80', '10.0.0.100:8080:80', '8080:80/UDP'];
    expect(errors(lab([{ name: 'a', publish }]))).toEqual([]);
  });

  it('cannot be published at an address the host has not', () => {
    expect(error(lab([{ name: 'a', publish: ['10.0.0.7:8080:80'] }]))).toMatchObject({
      code: 'address-outside',
      help: 'addresses there: 10.0.0.100, 127.0.0.1',
    });
  });

  it.each(['host', 'none', 'container:b'])('cannot be published with network %s', (network) => {
    expect(error(lab([{ name: 'a', network, publish: ['8080:80'] }, { name: 'b' }]))).toMatchObject({
      code: 'conflicting-fields',
      message: expect.stringContaining(`container/dock/a cannot publish ports: its network is ${network}`),
    });
  });

  it("are one container's of those in a namespace", () => {
    const joined = (name: string) => ({ name, network: 'container:a', listen: [80] });
    expect(error(lab([{ name: 'a' }, joined('b'), joined('c')]))).toMatchObject({
      code: 'port-taken',
      message: expect.stringContaining('container/dock/c cannot have port 80 of its network: container/dock/b has it'),
    });
    expect(
      errors(
        lab([
          { name: 'a', listen: [80] },
          { name: 'b', listen: [80] },
        ]),
      ),
    ).toEqual([]);
  });
});

describe('what makes no sense is refused:', () => {
  it('a network there is not, with those there are', () => {
    expect(error(lab([{ name: 'a', network: 'brige' }])).message).toContain(
      'must be one of bridge, host, none, container:NAME',
    );
  });

  it('to join a container that is not there', () => {
    expect(error(lab([{ name: 'web' }, { name: 'a', network: 'container:wep' }]))).toMatchObject({
      code: 'unknown-container',
      message: 'container/dock/a joins container wep, and there is none on its host',
      help: 'did you mean "web"?',
    });
    expect(error(lab([{ name: 'a', network: 'container:web' }])).code).toBe('unknown-container');
  });

  it('to join in a circle, once for all in it', () => {
    const circle = [
      { name: 'outside', network: 'container:a' },
      { name: 'a', network: 'container:b' },
      { name: 'b', network: 'container:a' },
    ];
    expect(error(lab(circle))).toMatchObject({
      code: 'container-cycle',
      message: 'container/dock/a joins b, which joins a: none of them has a network',
    });
    expect(error(lab([{ name: 'a', network: 'container:a' }])).code).toBe('container-cycle');
  });

  it('one name twice', () => {
    expect(error(lab([{ name: 'a' }, { name: 'a' }])).code).toBe('duplicate-name');
  });

  it('a network in the range of docker0', () => {
    expect(errors(lab([], {}, { networks: [{ name: 'lan', cidr: '172.17.5.0/24' }] }))).toHaveLength(2);
  });
});

describe('checks', () => {
  const withCheck = (check: object, ...containers: readonly Asked[]) =>
    lab(containers, {}, { checks: [{ name: 'c', ...check }] });

  it('name containers with their host', () => {
    const check = { from: 'container/dock/a', to: 'container/dock/b:80', expect: { source: 'container/dock/a' } };
    expect(clusterOf(withCheck(check, { name: 'a' }, { name: 'b' })).checks).toMatchObject([
      { from: { place: 'container/dock/a' }, to: { address: '172.17.0.3', port: 80 } },
    ]);
  });

  it('cannot be sent to one without an address', () => {
    const check = { from: 'host/dock', to: 'container/dock/a:80' };
    expect(error(withCheck(check, { name: 'a', network: 'none' }))).toMatchObject({
      code: 'unknown-destination',
      message: 'container/dock/a has no address',
    });
  });

  it.each(['container/a', 'container/dock/', 'container/dock/a/b'])('do not know "%s"', (from) => {
    const [only] = modelled(withCheck({ from, to: 'host/dock' }, { name: 'a' })).diagnostics;
    expect(only).toMatchObject({ code: 'unknown-place', message: `"${from}" is not a place` });
  });
});
