/** Which documents are understood, which are known and passed over, which are mistakes. */
import { describe, expect, it } from 'vitest';
import { brief, problems, read } from './read.ts';
import { yaml } from './yaml-text.ts';

function header(apiVersion: string, kind: string): string {
  return `apiVersion: ${apiVersion}\nkind: ${kind}\nmetadata: { name: a }\n`;
}

describe('a kind', () => {
  it.each([
    ['v1', 'Namespace'],
    ['v1', 'Node'],
    ['packetwalk.dev/v1alpha1', 'Topology'],
  ] as const)('%s %s is understood', (apiVersion, kind) => {
    expect(read(header(apiVersion, kind))).toMatchObject({ manifests: [{ kind }], diagnostics: [] });
  });

  it.each([
    ['v1', 'Pod'],
    ['v1', 'Service'],
    ['v1', 'ReplicationController'],
    ['apps/v1', 'Deployment'],
    ['apps/v1', 'ReplicaSet'],
    ['apps/v1', 'StatefulSet'],
    ['apps/v1', 'DaemonSet'],
    ['batch/v1', 'Job'],
    ['apps/v1beta2', 'Deployment'],
    ['extensions/v1beta1', 'Deployment'],
    ['extensions/v1beta1', 'ReplicaSet'],
    ['extensions/v1beta1', 'DaemonSet'],
    ['discovery.k8s.io/v1', 'EndpointSlice'],
    ['discovery.k8s.io/v1beta1', 'EndpointSlice'],
  ])('%s %s is understood, and held against its schema', (apiVersion, kind) => {
    const codes = new Set(read(header(apiVersion, kind)).diagnostics.map(({ code }) => code));
    expect(codes).toEqual(new Set(['missing-field']));
  });

  it.each([
    ['v1', 'Pdoo', 'unknown-kind', 'known here: '],
    ['v1', 'Servic', 'unknown-kind', 'did you mean "Service"?'],
    ['v1', 'service', 'unknown-kind', 'did you mean "Service"?'],
    ['apps/v1', 'Deploymnt', 'unknown-kind', 'did you mean "Deployment"?'],
    ['apps/v1', 'Pod', 'unknown-kind', 'Pod belongs to v1'],
    ['v1', 'Deployment', 'unknown-kind', 'Deployment belongs to apps/v1'],
    ['v1', 'EndpointSlice', 'unknown-kind', 'EndpointSlice belongs to discovery.k8s.io/v1'],
    ['v1', 'Topology', 'unknown-kind', 'Topology belongs to packetwalk.dev/v1alpha1'],
    ['networking.k8s.io/v1', 'Ingres', 'unknown-kind', 'did you mean "Ingress"?'],
    ['packetwalk.dev/v1alpha1', 'Topologie', 'unknown-kind', 'did you mean "Topology"?'],
    ['app/v1', 'Deployment', 'unknown-kind', 'Deployment belongs to apps/v1'],
    ['extensions/v1beta1', 'Ingres', 'unknown-kind', 'did you mean "Ingress"?'],
    ['extensions/v1beta1', 'Pod', 'unknown-kind', 'Pod belongs to v1'],
  ])('%s %s is a mistake', (apiVersion, kind, code, help) => {
    const { manifests, diagnostics } = read(header(apiVersion, kind));
    expect(manifests).toEqual([]);
    expect(diagnostics.map(brief)).toEqual([`2:7 ${code}`]);
    expect(diagnostics[0]!.message).toBe(`there is no kind ${kind} in ${apiVersion}`);
    expect(diagnostics[0]!.help).toContain(help);
  });

  it.each(['networking.k8s.io/v1beta1', 'extensions/v1beta1'])(
    'Ingress of %s is no more, and looks different now',
    (version) => {
      const { manifests, diagnostics } = read(header(version, 'Ingress'));
      expect(manifests).toEqual([]);
      expect(diagnostics.map(brief)).toEqual(['1:13 dropped-version']);
      expect(diagnostics[0]!.help).toContain('pathType');
    },
  );

  it.each(['constructor', 'toString', '__proto__', 'hasOwnProperty'])(
    'named %s, as every JavaScript object has a property, is a mistake like any other',
    (kind) => {
      const { diagnostics } = read(header('v1', kind));
      expect(diagnostics.map(brief)).toEqual(['2:7 unknown-kind']);
      expect(diagnostics[0]!.help).toMatch(/^known here: /);
    },
  );

  it('of a Topology of another version is refused by its version', () => {
    const { diagnostics } = read(header('packetwalk.dev/v2', 'Topology'));
    expect(diagnostics.map(brief)).toEqual(['1:13 invalid-value']);
    expect(diagnostics[0]!.help).toBe('allowed: packetwalk.dev/v1alpha1');
  });
});

describe('a document without a kind', () => {
  it.each([
    ['no mapping at all', '- a\n- b\n', '1:1 not-a-manifest', 'this document is not a mapping'],
    ['a plain word', 'hello\n', '1:1 not-a-manifest', 'this document is not a mapping'],
    ['kind left out', 'apiVersion: v1\nmetadata: {}\n', '1:1 not-a-manifest', 'kind is missing'],
    ['apiVersion left out', 'kind: Pod\nmetadata: {}\n', '1:1 not-a-manifest', 'apiVersion is missing'],
    ['an empty mapping', '{}\n', '1:1 not-a-manifest', 'kind is missing'],
    ['a kind that is no text', 'apiVersion: v1\nkind: [Pod]\n', '1:1 not-a-manifest', 'kind is missing'],
    ['a kind left empty', 'apiVersion: v1\nkind:\n', '1:1 not-a-manifest', 'kind is missing'],
  ])('is refused: %s', (_, text, where, message) => {
    const { manifests, diagnostics } = read(text);
    expect(manifests).toEqual([]);
    expect(diagnostics.map(brief)).toEqual([where]);
    expect(diagnostics[0]).toMatchObject({ message, help: 'a manifest starts with apiVersion: and kind:' });
  });
});

describe('a kind that is not emulated', () => {
  it('is told once, where it stands first, with how many there are', () => {
    const configMap = header('v1', 'ConfigMap');
    const { manifests, diagnostics } = read(
      [configMap, header('v1', 'LimitRange'), configMap].join('---\n'),
      configMap,
    );
    expect(manifests).toEqual([]);
    expect(diagnostics.map(({ at, message }) => [at!.file, at!.line, message])).toEqual([
      ['a.yaml', 2, 'ConfigMap is not emulated: 3 objects are ignored'],
      ['a.yaml', 6, 'LimitRange is not emulated: 1 object is ignored'],
    ]);
  });

  it.each([
    ['v1', 'ServiceAccount'],
    ['batch/v1beta1', 'CronJob'],
    ['networking.k8s.io/v1', 'IPAddress'],
    ['autoscaling/v2', 'HorizontalPodAutoscaler'],
    ['policy/v1', 'PodDisruptionBudget'],
    ['rbac.authorization.k8s.io/v1', 'ClusterRole'],
    ['storage.k8s.io/v1', 'StorageClass'],
    ['extensions/v1beta1', 'PodSecurityPolicy'],
    ['cilium.io/v2', 'CiliumNetworkPolicy'],
    ['serving.knative.dev/v1', 'Service'],
    ['longhorn.io/v1beta2', 'Node'],
    ['constructor/v1', 'Anything'],
  ])('may be %s %s: a warning, whatever its fields', (apiVersion, kind) => {
    const text = `${header(apiVersion, kind)}anything: { goes: [here] }\n`;
    expect(read(text)).toMatchObject({ manifests: [], diagnostics: [{ severity: 'warning', code: 'not-emulated' }] });
  });
});

it('a custom resource is told by its group: its kind may be that of another', () => {
  const { diagnostics } = read(`${header('serving.knative.dev/v1', 'Service')}---\n${header('v1', 'LimitRange')}`);
  expect(diagnostics.map(({ message }) => message)).toEqual([
    'Service of serving.knative.dev is not emulated: 1 object is ignored',
    'LimitRange is not emulated: 1 object is ignored',
  ]);
});

describe('a list', () => {
  const items = yaml`
    - apiVersion: v1
      kind: Pod
      metadata: { name: a }
      spec: { containers: [{ name: app }] }
    - apiVersion: v1
      kind: Pod
      metadata: { name: b }
      spec: { containers: [{ nmae: app }] }
  `;

  it('of anything is its items, each at its own line', () => {
    const { manifests, diagnostics } = read(`apiVersion: v1\nkind: List\nitems:\n${items}`);
    expect(manifests.map(({ kind, origin }) => [kind, origin.line])).toEqual([['Pod', 5]]);
    expect(diagnostics.map(brief)).toEqual(['11:24 missing-field', '11:26 unknown-field']);
  });

  it('of one kind has items without apiVersion and kind, as the API server sends them', () => {
    const bare = items.replaceAll('- apiVersion: v1\n', '- #\n').replaceAll('  kind: Pod\n', '');
    const { manifests, diagnostics } = read(`apiVersion: v1\nkind: PodList\nitems:\n${bare}`);
    expect(manifests.map(({ kind, origin }) => [kind, origin.line])).toEqual([['Pod', 5]]);
    expect(diagnostics.map(brief)).toEqual(['9:24 missing-field', '9:26 unknown-field']);
  });

  it.each([
    ['v1', 'ServiceList'],
    ['apps/v1', 'DeploymentList'],
    ['extensions/v1beta1', 'DeploymentList'],
    ['discovery.k8s.io/v1', 'EndpointSliceList'],
  ])('may be a %s %s', (apiVersion, kind) => {
    const { diagnostics } = read(`apiVersion: ${apiVersion}\nkind: ${kind}\nitems: [{ metadata: { name: a } }]\n`);
    expect(new Set(diagnostics.map(({ code }) => code))).toEqual(new Set(['missing-field']));
  });

  it('may hold lists, and kinds that are not emulated', () => {
    const text = yaml`
      apiVersion: v1
      kind: List
      items:
        - { apiVersion: v1, kind: LimitRange }
        - apiVersion: v1
          kind: List
          items: [{ apiVersion: v1, kind: LimitRange }, { apiVersion: v1, kind: Node, metadata: { name: node1 } }]
    `;
    const { manifests, diagnostics } = read(text);
    expect(manifests.map(({ kind }) => kind)).toEqual(['Node']);
    expect(diagnostics.map(({ message }) => message)).toEqual(['LimitRange is not emulated: 2 objects are ignored']);
  });

  it.each(['items: []', 'items:', 'metadata: {}'])('without items is nothing: %s', (rest) => {
    expect(problems(`apiVersion: v1\nkind: List\n${rest}\n`)).toEqual([]);
  });

  it.each([
    ['items: hello', '3:8 wrong-type'],
    ['itmes: []', '3:1 unknown-field'],
  ])('is held against its schema: %s', (rest, problem) => {
    expect(problems(`apiVersion: v1\nkind: List\n${rest}\n`)).toEqual([problem]);
  });

  it('has an item that is no manifest refused where it stands', () => {
    expect(problems('apiVersion: v1\nkind: List\nitems:\n  - hello\n')).toEqual(['4:5 not-a-manifest']);
  });
});
