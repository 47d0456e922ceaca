/** Faults of change: what does not happen when something else does. */
import { describe, expect, it } from 'vitest';
import { everyState, type Prepared, prepare } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { pod, service, stream, topology } from '../model/objects.ts';

const WEB = (name: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: 'web' } },
  spec: { containers: [{ name: 'web', ports: [{ containerPort: 80, hostPort: 8000 }] }] },
});

function prepared(mode: string, steps: readonly object[], faults: readonly string[] = []): Prepared {
  const cluster = { proxy: { mode } };
  const text = stream(
    topology({ nodes: [{ name: 'node1' }], cluster, steps }),
    service('web', {
      ports: [
        { name: 'http', port: 80 },
        { name: 'dns', port: 53, protocol: 'UDP' },
      ],
    }),
    pod('web-0', { labels: { app: 'web' } }),
  );
  const result = prepare([{ name: 'lab.yaml', text }], { name: 'lab', namespace: 'default', faults: faults as never });
  expect(result.diagnostics).toEqual([]);
  return result.prepared!;
}

const ONE_COMES = [{ name: 'one comes', apply: [WEB('web-1')] }];

/** What a step does to node1's rules, by the program that reads them, and other kinds of operations. */
function changes({ state, steps }: Prepared, step = 0): string[] {
  const before = steps[step - 1]?.state ?? state;
  const { operations } = converge(before, steps[step]!.state);
  return operations
    .filter(({ namespace, kind }) => namespace === 'node.node1' && /rules|stale|retire/.test(kind))
    .map((operation) => (operation.kind === 'load-rules' ? operation.program : operation.kind));
}

describe('no-proxy-sync', () => {
  it.each([
    ['iptables', ['iptables', 'delete-stale-flows']],
    ['nftables', ['nft', 'iptables', 'delete-stale-flows']],
    ['ipvs', ['ipset', 'iptables', 'ipvs', 'delete-stale-flows']],
  ])('leaves what kube-proxy of mode %s has written, and to others what is theirs', (mode, usual) => {
    expect(changes(prepared(mode, ONE_COMES))).toEqual(usual);
    const stuck = prepared(mode, ONE_COMES, ['no-proxy-sync']);
    expect(changes(stuck)).toEqual(['iptables']);
    const text = JSON.stringify(stuck.steps[0]!.state.namespaces.find(({ name }) => name === 'node.node1')!.iptables);
    expect(text).toContain('CNI-HOSTPORT-DNAT');
    expect(text).not.toContain('10.244.1.3:53');
  });

  it('begins with the step that says so, and ends with the one that mends it', () => {
    const steps = [
      { name: 'stops', faults: [{ fault: 'no-proxy-sync' }], set: { 'pod/web-0': 'not-ready' } },
      { name: 'is still so', wait: '1s' },
      { name: 'goes on', mend: ['no-proxy-sync'] },
    ];
    const lab = prepared('iptables', steps);
    expect([0, 1, 2].map((step) => changes(lab, step))).toEqual([[], [], ['iptables']]);
  });
});

it('no-conntrack-cleanup forgets nothing', () => {
  expect(changes(prepared('iptables', ONE_COMES, ['no-conntrack-cleanup']))).toEqual(['iptables']);
  expect(everyState(prepared('iptables', ONE_COMES)).namespaces.some(({ flows }) => flows)).toBe(true);
});
