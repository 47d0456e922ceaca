/** Impaired links: from the file into the kernel state, and what is wrong with a file. */
import { describe, expect, it } from 'vitest';
import { impair } from '../../src/fault/impair.ts';
import { prepare } from '../../src/pipeline.ts';
import { linkOf, namespaceOf, stateOf } from '../compile/state.ts';
import { error } from '../model/cluster.ts';
import { pod, stream, topology } from '../model/objects.ts';

const lab = (...impairments: object[]) =>
  stream(topology({ nodes: [{ name: 'node1' }, { name: 'node2' }], impairments }), pod('a', { node: 'node1' }));

function prepared(text: string) {
  return prepare([{ name: 'lab.yaml', text }], { name: 'lab', namespace: 'default' });
}

function link(text: string, namespace: string, device: string) {
  return linkOf(namespaceOf(prepared(text).prepared!.state, namespace), device);
}

describe('an impairment', () => {
  it('is one of the interface it names, in the units of the kernel state', () => {
    const text = lab({ at: 'node/node1:eth0', delay: '0.5s', jitter: '5ms', loss: '0.5%', rate: '1.5mbit' });
    expect(link(text, 'node.node1', 'eth0')).toMatchObject({
      up: true,
      impairment: { delay: 500, jitter: 5, loss: 0.5, rate: 1_500_000 },
    });
    expect(link(text, 'node.node2', 'eth0')).not.toHaveProperty('impairment');
  });

  it('may be one of a device the network plugin makes, or of a pod', () => {
    expect(link(lab({ at: 'node/node1:flannel.1', loss: '100%' }), 'node.node1', 'flannel.1')).toMatchObject({
      impairment: { loss: 100 },
    });
    expect(link(lab({ at: 'pod/a:eth0', delay: '1ms' }), 'pod.default.a', 'eth0')).toMatchObject({
      impairment: { delay: 1 },
    });
  });

  it('that takes an interface down needs nothing of the kernel', () => {
    const down = link(lab({ at: 'node/node1:eth0', down: true }), 'node.node1', 'eth0');
    expect(down.up).toBe(false);
    expect(down).not.toHaveProperty('impairment');
  });

  it('leaves a link down that a fault took down', () => {
    const state = stateOf(lab());
    const taken = {
      namespaces: state.namespaces.map((namespace) => ({
        ...namespace,
        links: namespace.links.map((each) => ({ ...each, up: false })),
      })),
    };
    const { state: impaired } = impair(taken, [{ netns: 'node.node1', device: 'eth0', impairment: { delay: 1 } }]);
    expect(linkOf(namespaceOf(impaired, 'node.node1'), 'eth0')).toMatchObject({ up: false, impairment: { delay: 1 } });
  });

  it('given later stands instead of the earlier one', () => {
    const text = lab({ at: 'node/node1:eth0', delay: '20ms' }, { at: 'node/node1:eth0', loss: '1%' });
    expect(link(text, 'node.node1', 'eth0').impairment).toEqual({ loss: 1 });
  });

  it('of nothing leaves the state as it was', () => {
    const state = stateOf(lab());
    const unknown = { netns: 'node.node1', device: 'eth9', impairment: { delay: 1 }, down: false };
    expect(impair(state, [unknown])).toEqual({ state, unknown: [unknown] });
  });
});

describe('an impairment is refused', () => {
  it.each([
    ['of a place that is not there', { at: 'node/node3:eth0' }, 'unknown-place', 'there is no node/node3'],
    ['without an interface', { at: 'node/node1' }, 'invalid-value', 'which interface of node/node1?'],
    ['with jitter alone', { at: 'node/node1:eth0', jitter: '5ms' }, 'conflicting-fields', /needs a delay$/],
    [
      'with more jitter than delay',
      { at: 'node/node1:eth0', delay: '1ms', jitter: '5ms' },
      'conflicting-fields',
      /longer/,
    ],
  ])('%s', (_, impairment, code, message) => {
    const found = error(lab(impairment));
    expect(found).toMatchObject({ code, at: { file: 'lab.yaml' } });
    expect(found.message).toMatch(message);
  });

  it.each([
    ['delay', '20', 'must be a duration such as 250ms, 3s or 1m'],
    ['loss', '5', 'must be a percentage such as 1%'],
    ['loss', '101%', 'must be at most 100%'],
    ['rate', '10', 'must be a rate such as 512kbit or 10mbit'],
    ['rate', '33gbit', 'must be at most 32gbit'],
    ['rate', '1bit', 'must be at least 8bit'],
  ])('with %s %s', (field, value, message) => {
    const found = error(lab({ at: 'node/node1:eth0', [field]: value }));
    expect(found.message).toContain(message);
  });

  it('of an interface that is not there: only the kernel state knows', () => {
    const { diagnostics } = prepared(lab({ at: 'node/node1:eth1', delay: '1ms' }));
    expect(diagnostics).toMatchObject([
      {
        code: 'unknown-interface',
        message: expect.stringMatching(/^lab\.yaml:\d+: node\/node1 has no interface eth1; it has eth0, /),
      },
    ]);
  });
});
