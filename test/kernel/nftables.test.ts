/** The kernel holds kube-proxy's table as it is compiled: loaded at once, changed from one lab to another, and traced. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildLab, type Lab, probe } from '../../src/agent/lab.ts';
import type { ConnectionCheck } from '../../src/model/check.ts';
import { type Prepared, trace } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { Wiring } from '../../src/stitch/index.ts';
import { rulesOf } from '../../src/stitch/rules.ts';
import { sixServices } from '../compile/six-services.ts';
import { type ListedTable, listingOf, readListing } from './nft-listing.ts';
import { preparedText, sandboxes } from './tools.ts';

const NODE = 'node.node1';

async function inLab<T>({ cluster, state }: Prepared, action: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await buildLab(cluster, state, await sandboxes.for(state));
  return action(lab).finally(() => lab.close());
}

async function nft({ agent }: Lab, ...words: string[]): Promise<string> {
  const { stdout, stderr, exitCode } = await agent.call('run', { namespace: NODE, argv: ['nft', ...words] });
  if (exitCode !== 0) throw new Error(stderr);
  return stdout;
}

async function listed(lab: Lab): Promise<ListedTable> {
  return readListing(await nft(lab, 'list', 'table', 'ip', 'kube-proxy'));
}

function compiled({ state }: Prepared): ListedTable {
  return listingOf(state.namespaces.find(({ name }) => name === NODE)!.nft[0]!);
}

describe('the table of six Services', () => {
  const prepared = preparedText(sixServices('nftables'));

  it('is listed as it was written, rule by rule and element by element', async () => {
    const table = await inLab(prepared, listed);
    expect(Object.values(table.chains).flat().length).toBeGreaterThan(40);
    expect(table).toEqual(compiled(prepared));
  });

  it('is not, when a rule and an element are missing', async () => {
    const table = await inLab(prepared, async (lab) => {
      await nft(lab, 'flush', 'chain', 'ip', 'kube-proxy', 'masquerading');
      await nft(lab, 'delete', 'element', 'ip', 'kube-proxy', 'cluster-ips', '{ 172.30.0.41 }');
      return listed(lab);
    });
    const { chains, sets } = compiled(prepared);
    expect(table.chains).toEqual({ ...chains, masquerading: [] });
    expect(table.sets['cluster-ips']?.elements).toEqual(
      sets['cluster-ips']?.elements.filter((element) => element !== '172.30.0.41'),
    );
  });
});

const IPTABLES = readFileSync('topologies/nodeport-snat.yaml', 'utf8').replace(
  / {2}checks:[\s\S]*?\n---/,
  '  cluster: { proxy: { mode: iptables } }\n---',
);
const BASE = IPTABLES.replace('mode: iptables', 'mode: nftables');
const sticky = (seconds: number) =>
  BASE.replace(
    'type: NodePort',
    `type: NodePort\n  sessionAffinity: ClientIP\n  sessionAffinityConfig: { clientIP: { timeoutSeconds: ${seconds} } }`,
  );

describe('a lab that is changed has the table of the one it becomes:', () => {
  it.each([
    ['pods come', BASE, BASE.replace('replicas: 1', 'replicas: 4')],
    ['the last pod goes', BASE, BASE.replace('replicas: 1', 'replicas: 0')],
    ['a Service gets another port', BASE, BASE.replace('port: 80,', 'port: 81,')],
    ['a Service becomes sticky', BASE, sticky(60)],
    ['a Service is sticky for longer', sticky(60), sticky(90)],
    ['it is sticky no longer', sticky(60), BASE],
    [
      'NodePorts are served everywhere',
      BASE,
      BASE.replace('mode: nftables', "mode: nftables, nodePortAddresses: ['0.0.0.0/0']"),
    ],
    [
      'a fault is injected',
      BASE,
      BASE.replace('\n---', '\n  faults: [{ fault: no-dnat }, { fault: no-masquerade }]\n---'),
    ],
    ['kube-proxy had mode iptables', IPTABLES, BASE],
  ])('%s', async (_, before, after) => {
    const [from, to] = [preparedText(before), preparedText(after)];
    const plan = converge(from.state, to.state);
    expect(plan.operations).not.toEqual([]);
    const table = await inLab(from, async (lab) => {
      await lab.agent.call('apply', plan);
      return listed(lab);
    });
    expect(table).toEqual(compiled(to));
  });

  it('in mode iptables there is none', async () => {
    const [from, to] = [preparedText(BASE), preparedText(IPTABLES)];
    const tables = await inLab(from, async (lab) => {
      await lab.agent.call('apply', converge(from.state, to.state));
      return nft(lab, 'list', 'tables', 'ip');
    });
    expect(tables).toContain('table ip nat');
    expect(tables).not.toContain('kube-proxy');
  });
});

describe('traced rules', () => {
  const PREPARED = preparedText(
    BASE.replace('\n---', "\n  checks: [{ name: c, from: host/client, to: 'nodeport/web:80@node1' }]\n---"),
  );
  const [check] = PREPARED.cluster.checks;

  it('are those of the table and those of the network plugin, in the order the packet met them', async () => {
    const { walks, watched } = await inLab(PREPARED, (lab) => trace(lab, check as ConnectionCheck, true));
    const [there] = rulesOf(walks[0]!, watched.traces, new Wiring(PREPARED.state));
    const told = there!.rules.map(
      ({ table, chain, rule }) => `${table} ${chain.replace(/-[A-Z2-7]{8}-.*$/, '')}: ${rule}`,
    );
    expect(told).toEqual([
      'kube-proxy filter-prerouting-pre-dnat: ct state new jump firewall-check',
      'kube-proxy nat-prerouting: jump services',
      expect.stringMatching(
        /^kube-proxy services: .* vmap @service-nodeports → 10\.0\.0\.11, tcp \. 30080 : goto external-\S+$/,
      ),
      'kube-proxy external: jump mark-for-masquerade',
      expect.stringMatching(/^kube-proxy mark-for-masquerade: meta mark set /),
      expect.stringMatching(/^kube-proxy external: goto service-/),
      expect.stringMatching(/^kube-proxy service: numgen random mod 1 vmap .* → 0 : goto endpoint-\S+$/),
      'kube-proxy endpoint: meta l4proto tcp dnat to 10.244.2.2:8080',
      /** Of chains with one priority the kernel asks the latest first: those of the network plugin, which came after. */
      'filter FORWARD: -m comment --comment "flanneld forward" -j FLANNEL-FWD',
      'filter FLANNEL-FWD: -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT',
      'kube-proxy filter-forward: ct state new jump service-endpoints-check',
      'kube-proxy filter-forward: ct state new jump cluster-ips-check',
      'nat POSTROUTING: -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
      'nat FLANNEL-POSTRTG: -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN',
      'kube-proxy nat-postrouting: jump masquerading',
      expect.stringMatching(/^kube-proxy masquerading: meta mark set /),
      'kube-proxy masquerading: masquerade fully-random',
    ]);
  });

  it('are told of the probe alone, and nothing of it stays in the lab', async () => {
    const connection = check as ConnectionCheck;
    const { traces, tables } = await inLab(PREPARED, async (lab) => {
      const before = await nft(lab, 'list', 'tables');
      const id = await lab.agent.call('startRuleTrace', { namespaces: [NODE], probes: 1 });
      await probe(lab, connection);
      await probe(lab, connection);
      const traces = await lab.agent.call('stopRuleTrace', id);
      return { traces, tables: [before, await nft(lab, 'list', 'tables')] };
    });
    const senders = [...traces[0]!.text.matchAll(/ip saddr 10\.0\.0\.100 .* tcp sport (\d+) /g)].map(
      ([, port]) => port,
    );
    expect(senders.length).toBeGreaterThan(3);
    expect(new Set(senders).size).toBe(1);
    expect(tables[1]).toBe(tables[0]);
  });
});
