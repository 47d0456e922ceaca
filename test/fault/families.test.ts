/** Faults break IPv6 as they break IPv4. */
import { expect, it } from 'vitest';
import type { KernelState, Namespace } from '../../src/compile/kernel-state.ts';
import { injectFault } from '../../src/fault/index.ts';
import type { FaultName, ProxyMode } from '../../src/model/cluster.ts';
import { stateOf } from '../compile/state.ts';
import { pod, service, stream, topology } from '../model/objects.ts';

function lab(podCIDR: string, proxy: ProxyMode = 'iptables'): KernelState {
  return stateOf(
    stream(
      topology({
        cluster: { podCIDR },
        nodes: [{ name: 'node1' }, { name: 'node2' }],
        hosts: [{ name: 'client', routes: [{ to: podCIDR, via: 'node/node1' }] }],
      }),
      pod('a', { labels: { app: 'web' }, node: 'node1' }),
      pod('b', {
        labels: { app: 'web' },
        node: 'node2',
        spec: { containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort: 8000 }] }] },
      }),
      service('web', { type: 'NodePort', sessionAffinity: 'ClientIP' }),
      service('empty', { type: 'NodePort' }),
    ),
    { proxy },
  );
}

/** How much of each kind of state is another. */
function changes(before: KernelState, after: KernelState): string[] {
  return before.namespaces.flatMap((namespace, index) => {
    const other = after.namespaces[index]!;
    return (Object.keys(namespace) as (keyof Namespace)[])
      .filter((key) => JSON.stringify(namespace[key]) !== JSON.stringify(other[key]))
      .map((key) => `${namespace.name} ${key.replace('ip6tables', 'iptables')}`);
  });
}

const EVERY_MODE: readonly ProxyMode[] = ['iptables', 'ipvs', 'nftables'];

it.each<[FaultName, readonly ProxyMode[]]>([
  ['no-masquerade', EVERY_MODE],
  ['no-dnat', EVERY_MODE],
  ['no-port-mapping', ['iptables']],
  ['no-vip', ['ipvs']],
  ['no-service-filter', EVERY_MODE],
  ['no-statistic', EVERY_MODE],
  ['no-affinity', EVERY_MODE],
  ['forward-drop', ['iptables']],
  ['no-route', ['iptables']],
  ['no-fdb', ['iptables']],
  ['stale-fdb', ['iptables']],
  ['wrong-vtep-mac', ['iptables']],
  ['source-dest-check', ['iptables']],
  ['no-br-netfilter', ['iptables']],
  ['no-ip-forward', ['iptables']],
  ['no-hairpin', ['iptables']],
])('%s', (fault, modes) => {
  for (const proxy of modes) {
    const [four, six] = [lab('10.244.0.0/16', proxy), lab('fd00:10:244::/56', proxy)];
    const broken = changes(six, injectFault(six, { fault }).state);
    expect(broken).toEqual(changes(four, injectFault(four, { fault }).state));
    expect(broken).not.toEqual([]);
  }
});

it('loopback-drop is in both tables of a pod with IPv6', () => {
  const { state } = injectFault(lab('fd00:10:244::/56'), { fault: 'loopback-drop', at: 'pod/a' });
  const broken = state.namespaces.find(({ name }) => name === 'pod.default.a')!;
  expect(broken.ip6tables).toEqual(broken.iptables);
  expect(broken.ip6tables).toBeDefined();
});

it('source-dest-check lets neighbours be found', () => {
  const { state } = injectFault(lab('fd00:10:244::/56'), { fault: 'source-dest-check', at: 'node/node1' });
  const [rules] = state.namespaces.flatMap(({ nft }) => nft.filter(({ family }) => family === 'bridge'));
  expect(rules!.chains[0]!.rules.map(({ text }) => text)).toEqual([
    'iifname "node1" ip6 saddr != { fd00:10::11, fe80::/10 } drop',
    'oifname "node1" ip6 daddr != { fd00:10::11, fe80::/10, ff00::/8 } drop',
  ]);
});
