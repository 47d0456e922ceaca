/** Whatever the input is, parse() answers with manifests and diagnostics: it never throws, and every place it names exists. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatDiagnostic } from '../../src/diagnostic.ts';
import { read } from './read.ts';

/** Reads the text and checks what must hold of any answer. */
function readsSafely(text: string): void {
  const { diagnostics } = read(text);
  const lines = text.split('\n');
  for (const diagnostic of diagnostics) {
    expect(diagnostic.message).not.toBe('');
    expect(formatDiagnostic(diagnostic)).toContain(diagnostic.message);
    if (!diagnostic.at) continue;
    const { line, column, length, text: shown } = diagnostic.at;
    expect(shown).toBe((lines[line - 1] ?? '').replace(/\r$/, ''));
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual(shown.length + 2);
    expect(length).toBeGreaterThanOrEqual(1);
  }
}

/** Words and punctuation that mean something in YAML and in manifests: random texts of them get far. */
const token = fc.constantFrom(
  ...[
    'apiVersion: ',
    'v1',
    'apps/v1',
    'packetwalk.dev/v1alpha1',
    'kind: ',
    'Pod',
    'List',
    'Topology',
    'Service',
    'spec',
    'metadata',
  ],
  ...[
    'name: ',
    'items: ',
    'ports',
    '\n',
    '\n  ',
    '\n- ',
    '---\n',
    '...\n',
    ': ',
    '- ',
    '? ',
    '{',
    '}',
    '[',
    ']',
    ', ',
    '&a ',
    '*a',
    '*b',
  ],
  ...[
    '!!str ',
    '!x ',
    '|\n',
    '>-\n',
    '"',
    "'",
    '#',
    '%YAML 1.1\n',
    '\t',
    '\r\n',
    '~',
    'null',
    'yes',
    '010',
    '1e400',
    '.nan',
    '<<: ',
    '__proto__: ',
  ],
);
const tokens = fc.array(token, { maxLength: 40 }).map((parts) => parts.join(''));

const kinds = fc.constantFrom(
  ['v1', 'Pod'],
  ['v1', 'Service'],
  ['v1', 'Node'],
  ['v1', 'Endpoints'],
  ['v1', 'List'],
  ['v1', 'PodList'],
  ['apps/v1', 'Deployment'],
  ['discovery.k8s.io/v1', 'EndpointSlice'],
  ['packetwalk.dev/v1alpha1', 'Topology'],
);

/** fast-check alone takes a second to learn what Unicode is, on a busy machine several. */
describe('parse() survives', { timeout: 30_000 }, () => {
  it('any text', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), readsSafely), { numRuns: 500 });
  });

  it('text made of what YAML is made of', () => {
    fc.assert(fc.property(tokens, readsSafely), { numRuns: 3_000 });
  });

  it('any JSON', () => {
    fc.assert(fc.property(fc.json({ maxDepth: 6 }), readsSafely), { numRuns: 500 });
  });

  it('any JSON in the place of any part of a manifest', () => {
    fc.assert(
      fc.property(kinds, fc.jsonValue(), fc.jsonValue(), ([apiVersion, kind], metadata, spec) => {
        readsSafely(
          JSON.stringify({ apiVersion, kind, metadata, spec, items: spec, endpoints: metadata, subsets: spec }),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('manifests cut off anywhere', () => {
    const text = [
      'apiVersion: packetwalk.dev/v1alpha1',
      'kind: Topology',
      'spec:',
      '  cluster: { cni: { mode: vxlan, vni: 5 }, podCIDR: [10.244.0.0/16, "fd00::/48"] }',
      '  nodes: &nodes [{ name: node1, routes: [{ to: default, via: "router/gw" }] }]',
      '  checks:',
      "    - { name: a, from: { place: pod/a, size: 10 }, to: 'service/web:80', expect: { rewrites: [] } }",
      '',
    ].join('\n');
    for (let length = 0; length <= text.length; length++) readsSafely(text.slice(0, length));
  });
});
