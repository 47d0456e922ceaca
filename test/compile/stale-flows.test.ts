/** What kube-proxy makes conntrack forget (kubernetes pkg/proxy/conntrack/cleanup_test.go), and the step of a plan it becomes. */
import { describe, expect, it } from 'vitest';
import { injectFault } from '../../src/fault/index.ts';
import { commandOf } from '../../src/plan/command.ts';
import { converge } from '../../src/plan/converge.ts';
import { pod, service, stream, topology } from '../model/objects.ts';
import { bare, namespaceOf, stateOf } from './state.ts';

const UDP = [{ name: 'dns', port: 53, protocol: 'UDP' }];
const NOT_READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'False' }] };

function lab(pods: readonly string[], spec: object = {}, proxy = 'iptables') {
  const cluster = { proxy: { mode: proxy } };
  return stateOf(
    stream(topology({ nodes: [{ name: 'node1' }], cluster }), service('dns', { ports: UDP, ...spec }), ...pods),
  );
}

const dns = (name: string, rest: object = {}) => pod(name, { labels: { app: 'dns' }, ...rest });
const flowsOf = (state: ReturnType<typeof lab>) => bare(namespaceOf(state, 'node.node1').flows ?? []);

describe('connections of UDP lead to endpoints that serve', () => {
  it('by each address of the Service and its port, and by the NodePort of any address', () => {
    const spec = { type: 'NodePort', externalIPs: ['10.0.0.50'] };
    expect(flowsOf(lab([dns('a')], spec))).toEqual([
      { address: '10.96.0.100', port: 53, endpoints: ['10.244.1.2'] },
      { address: '10.0.0.50', port: 53, endpoints: ['10.244.1.2'] },
      { port: 30053, endpoints: ['10.244.1.2'] },
    ]);
  });

  it('terminating ones as well, and whatever the traffic policies say', () => {
    const pods = [dns('a', { metadata: { deletionTimestamp: 'now' } }), dns('b', { status: NOT_READY }), dns('c')];
    const [{ endpoints } = { endpoints: [] }] = flowsOf(lab(pods, { internalTrafficPolicy: 'Local' }));
    expect(endpoints).toEqual(['10.244.1.2', '10.244.1.4']);
  });

  it('of TCP nothing is forgotten, nor where there is no endpoint', () => {
    expect(flowsOf(lab([dns('a')], { ports: [{ port: 53 }] }))).toEqual([]);
    expect(flowsOf(lab([dns('a', { status: NOT_READY })]))).toEqual([]);
  });

  it.each([
    ['iptables', 1],
    ['nftables', 1],
    ['ipvs', 1],
    ['none', 0],
    ['userspace', 0],
  ])('in mode %s', (mode, count) => {
    expect(flowsOf(lab([dns('a')], {}, mode))).toHaveLength(count);
  });
});

describe('a change of endpoints', () => {
  const steps = (from: ReturnType<typeof lab>, to: ReturnType<typeof lab>) =>
    converge(from, to).operations.filter(({ kind }) => kind === 'delete-stale-flows');

  it('makes conntrack forget what leads elsewhere, after the rules have changed', () => {
    const [from, to] = [lab([dns('a')]), lab([dns('a'), dns('b')])];
    const [step, ...others] = steps(from, to);
    expect(others).toEqual([]);
    expect(step).toMatchObject({
      flows: { address: '10.96.0.100', port: 53, endpoints: ['10.244.1.2', '10.244.1.3'] },
    });
    const kinds = converge(from, to).operations.map(({ kind }) => kind);
    expect(kinds.indexOf('delete-stale-flows')).toBeGreaterThan(kinds.lastIndexOf('load-rules'));
    expect(commandOf(step!).argv.slice(0, 6)).toEqual(['ip', 'netns', 'exec', 'node.node1', 'sh', '-c']);
    expect(commandOf(step!).argv[6]).toBe(
      `conntrack -L -f ipv4 -p udp --orig-dst 10.96.0.100 --orig-port-dst 53 2>/dev/null | sed -n 's/.* src=.* src=\\([^ ]*\\) .*/\\1/p' | sort -u | grep -vxF -e 10.244.1.2 -e 10.244.1.3 | while read -r endpoint; do conntrack -D -f ipv4 -p udp --orig-dst 10.96.0.100 --orig-port-dst 53 --reply-src "$endpoint"; done`,
    );
  });

  it('is no reason to forget when the last one has gone, but when there is one again', () => {
    const [some, none] = [lab([dns('a')]), lab([dns('a', { status: NOT_READY })])];
    expect(steps(some, none)).toEqual([]);
    expect(steps(none, some)).toHaveLength(1);
  });

  it('is nothing to a kube-proxy that forgets to', () => {
    const [from, to] = [lab([dns('a')]), lab([dns('a'), dns('b')])].map(
      (state) => injectFault(state, { fault: 'no-conntrack-cleanup' }).state,
    );
    expect(steps(from!, to!)).toEqual([]);
  });
});
