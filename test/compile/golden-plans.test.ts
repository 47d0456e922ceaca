/**
 * The whole plan of some topologies as the script a person would type. A difference is a change in what labs are:
 * read it, then refresh with `npx vitest run --project unit test/compile/golden-plans.test.ts -u`.
 */
import { expect, it } from 'vitest';
import { readSources } from '../../src/cli/input.ts';
import { prepare } from '../../src/pipeline.ts';
import { plan } from '../../src/plan/index.ts';
import { formatScript } from '../../src/plan/script.ts';

it.each([
  'same-node',
  'cross-node-vxlan',
  'vxlan-options',
  'vxlan-direct-routing',
  'cross-node-host-gw',
  'cross-node-ipip',
  'cross-node-udp',
  'cross-node-wireguard',
  'aws-vpc',
  'gce',
  'ali-vpc',
  'bridge',
  'nodeport-snat',
  'ipvs',
  'nftables',
  'userspace-proxy',
  'host-port',
  'host-network',
  'pod-containers',
  'docker-proxy',
  'docker-networks',
  'docker-kubernetes',
  'dual-stack',
  'ipv6',
  'router-advertisements',
  'calico-ipip',
  'calico-vxlan',
  'calico-bgp',
  'cni-plugins',
])('%s', async (name) => {
  const file = `topologies/${name}.yaml`;
  const { prepared, diagnostics } = prepare(readSources([file]), { name, namespace: 'default' });
  expect(diagnostics).toEqual([]);
  const script = formatScript(plan(prepared!.state), prepared!.cluster.name);
  await expect(script).toMatchFileSnapshot(`../golden/plans/${name}.sh`);
});
