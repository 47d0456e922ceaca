/** Routers that tell of themselves, and who hears of them. */
import { describe, expect, it } from 'vitest';
import { error } from '../model/cluster.ts';
import { stream, topology } from '../model/objects.ts';
import { linkOf, namespaceOf, stateOf } from './state.ts';

const LAN = { name: 'lan', cidr: ['10.0.0.0/24', 'fd00:10::/64'] };
const DMZ = { name: 'dmz', cidr: '10.0.1.0/24' };

/** Two networks of which one has IPv6, a node and two hosts on it. */
function lab({ routerAdvertisements = true, gateway }: { routerAdvertisements?: boolean; gateway?: string } = {}) {
  const state = stateOf(
    stream(
      topology({
        networks: [LAN, DMZ],
        nodes: [{ name: 'node1', network: 'lan' }],
        hosts: [
          { name: 'client', network: 'lan', routes: gateway ? [{ to: '::/0', via: gateway }] : [] },
          { name: 'two', interfaces: [{ network: 'dmz' }, { network: 'lan' }] },
        ],
        routers: [{ name: 'gw', networks: ['lan', 'dmz'], routerAdvertisements }],
      }),
    ),
  );
  const at = (name: string) => namespaceOf(state, name);
  const defaults = (name: string) => at(name).routes.filter(({ to }) => to === 'default' || to === '::/0');
  return { at, defaults, settings: (name: string, device = 'eth0') => linkOf(at(name), device).settings };
}

describe('machines on a network with such a router', () => {
  const { at, defaults, settings } = lab();

  it.each(['node.node1', 'host.client'])('%s takes it, and is given a default route of IPv4 only', (name) => {
    expect(settings(name)).toEqual({ accept_ra: 2 });
    expect(defaults(name).map(({ to, via }) => `${to} ${via}`)).toEqual(['default 10.0.0.1']);
  });

  it('hear of nothing on other interfaces than the first', () => {
    expect([settings('host.two', 'eth0'), settings('host.two', 'eth1')]).toEqual([undefined, { accept_ra: 0 }]);
  });

  it('keep what they were given', () => {
    const given = lab({ gateway: 'fd00:10::99' });
    expect(given.settings('host.client')).toEqual({ accept_ra: 0 });
    expect(given.defaults('host.client').map(({ via }) => via)).toEqual(['fd00:10::99', '10.0.0.1']);
  });

  it('are known to it, and its address on their link to those who look for them', () => {
    expect(at('router.gw').bird?.gatewayOf).toEqual(
      ['node.node1', 'host.client'].map((namespace) => ({ namespace, device: 'eth0', via: 'fe80::aff:fe00:1' })),
    );
    expect(linkOf(at('router.gw'), 'eth0')).toMatchObject({ mac: '02:00:0a:00:00:01', ipv6: true });
  });
});

describe('the router', () => {
  it('advertises itself where there is IPv6, and no range', () => {
    expect(lab().at('router.gw').bird?.config).toBe(`router id 10.0.0.1;
protocol device {
}
protocol radv {
  interface "eth0" {
    prefix ::/0 { skip; };   # Only that it is here: no range is advertised
  };
}
`);
  });

  it('is silent unless told, and its machines are given a route', () => {
    const { at, defaults, settings } = lab({ routerAdvertisements: false });
    expect(at('router.gw').bird).toBeUndefined();
    expect(settings('node.node1')).toBeUndefined();
    expect(defaults('node.node1').map(({ via }) => via)).toEqual(['10.0.0.1', 'fd00:10::1']);
  });

  it('cannot do so without IPv6', () => {
    const text = stream(
      topology({ networks: [DMZ], routers: [{ name: 'gw', networks: ['dmz'], routerAdvertisements: true }] }),
    );
    expect(error(text)).toMatchObject({
      code: 'conflicting-fields',
      message: 'router/gw has `routerAdvertisements`, and none of its networks has an IPv6 range',
    });
  });
});
