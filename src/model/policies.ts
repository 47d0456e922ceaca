/** NetworkPolicy manifests → NetworkPolicies: whom each selects, and whom and what its rules name. */
import { type Diagnostics, formatOrigin, type Origin } from '../diagnostic.ts';
import { parseCidr } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { Path } from '../parse/locate.ts';
import type { LabelSelector } from '../parse/schema/label-selector.ts';
import type { PeerObject, PolicyPortObject } from '../parse/schema/network-policy.ts';
import type { Pod } from './cluster.ts';
import { ofKind } from './defaults.ts';
import { selects } from './label-selector.ts';
import { namespaceLabels } from './namespaces.ts';
import type { NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule } from './network-policy.ts';
import { checkPolicy } from './policy-validation.ts';

type PolicyManifest = ManifestOf<'NetworkPolicy'>;
type Labels = Readonly<Record<string, string>>;
interface RuleObject {
  readonly peers: readonly PeerObject[] | undefined;
  readonly ports: readonly PolicyPortObject[] | undefined;
}

/** In the order of the manifests. `namespace` is that of policies that name none. */
export function modelPolicies(
  manifests: readonly Manifest[],
  pods: readonly Pod[],
  namespace: string,
  diagnostics: Diagnostics,
): NetworkPolicy[] {
  const policies = ofKind(manifests, 'NetworkPolicy');
  reportDuplicates(policies, namespace, diagnostics);
  for (const policy of policies) checkPolicy(policy, diagnostics);
  const selection = new Selection(manifests, pods);
  return policies.map((policy) => modelPolicy(policy, policy.object.metadata.namespace ?? namespace, selection));
}

function modelPolicy({ object, locate, origin }: PolicyManifest, namespace: string, selection: Selection) {
  const { podSelector, ingress = [], egress = [] } = object.spec;
  const types = policyTypes(object);
  const rules = (direction: 'ingress' | 'egress', objects: readonly RuleObject[]): PolicyRule[] =>
    objects.map((rule, index) => modelRule(rule, namespace, selection, originOf(['spec', direction, index])));
  const originOf = (path: Path): Origin => {
    const { file, line } = locate(path);
    return { file, line };
  };
  return {
    namespace,
    name: object.metadata.name,
    podSelector,
    pods: selection.podsOf(namespace, podSelector),
    ...(types.includes('Ingress') && {
      ingress: rules(
        'ingress',
        ingress.map(({ from: peers, ports }) => ({ peers, ports })),
      ),
    }),
    ...(types.includes('Egress') && {
      egress: rules(
        'egress',
        egress.map(({ to: peers, ports }) => ({ peers, ports })),
      ),
    }),
    origin,
  };
}

/** The API server's default (pkg/apis/networking/v1/defaults.go). */
function policyTypes({ spec }: PolicyManifest['object']): readonly ('Ingress' | 'Egress')[] {
  if (spec.policyTypes && spec.policyTypes.length > 0) return spec.policyTypes;
  return (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress'];
}

/** An empty list says the same as none. */
function modelRule({ peers, ports }: RuleObject, namespace: string, selection: Selection, origin: Origin): PolicyRule {
  return {
    ...(peers && peers.length > 0 && { peers: peers.map((peer) => modelPeer(peer, namespace, selection)) }),
    ...(ports && ports.length > 0 && { ports: ports.map(modelPort) }),
    origin,
  };
}

function modelPeer(
  { podSelector, namespaceSelector, ipBlock }: PeerObject,
  own: string,
  selection: Selection,
): PolicyPeer {
  if (ipBlock) {
    const { cidr, except = [] } = ipBlock;
    return { kind: 'block', cidr: parseCidr(cidr)!, except: except.map((range) => parseCidr(range)!) };
  }
  const namespaces = namespaceSelector ? selection.namespacesOf(namespaceSelector) : [own];
  return {
    kind: 'pods',
    pods: namespaces.flatMap((namespace) => selection.podsOf(namespace, podSelector ?? {})),
    ...(podSelector && { podSelector }),
    ...(namespaceSelector && { namespaceSelector }),
  };
}

function modelPort({ protocol, port, endPort }: PolicyPortObject): PolicyPort {
  return { protocol, ...(port !== undefined && { port }), ...(endPort !== undefined && { endPort }) };
}

/** Namespaces and pods by their labels. A namespace is there when an object of it is. */
class Selection {
  readonly #labels: ReadonlyMap<string, Labels>;
  readonly #pods = new Map<string, Pod[]>();

  constructor(manifests: readonly Manifest[], pods: readonly Pod[]) {
    for (const pod of pods) {
      if (pod.hostNetwork) continue;
      const own = this.#pods.get(pod.namespace);
      if (own) own.push(pod);
      else this.#pods.set(pod.namespace, [pod]);
    }
    const labelsOf = namespaceLabels(manifests);
    const given = ofKind(manifests, 'Namespace').map(({ object }) => object.metadata.name);
    this.#labels = new Map([...new Set([...given, ...this.#pods.keys()])].map((name) => [name, labelsOf(name)]));
  }

  namespacesOf(selector: LabelSelector): string[] {
    return [...this.#labels].filter(([, labels]) => selects(selector, labels)).map(([name]) => name);
  }

  podsOf(namespace: string, selector: LabelSelector): string[] {
    const pods = this.#pods.get(namespace) ?? [];
    return pods.filter(({ labels }) => selects(selector, labels)).map(({ place }) => place);
  }
}

function reportDuplicates(policies: readonly PolicyManifest[], namespace: string, diagnostics: Diagnostics): void {
  const seen = new Map<string, Origin>();
  for (const { object, locate, origin } of policies) {
    const name = `${object.metadata.namespace ?? namespace}/${object.metadata.name}`;
    const first = seen.get(name);
    if (first)
      diagnostics.error(
        'duplicate-name',
        `NetworkPolicy ${name} stands here twice, the first time in ${formatOrigin(first)}`,
        locate(['metadata', 'name']),
      );
    else seen.set(name, origin);
  }
}
