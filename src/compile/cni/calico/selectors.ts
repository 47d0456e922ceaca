/**
 * Kubernetes' selectors as Calico writes them (libcalico-go lib/backend/k8s/conversion/conversion.go, k8sSelectorToCalico;
 * syncersv1/updateprocessors/rules.go, networkpolicyprocessor.go; lib/selector/parser/ast.go): the text is what sets and groups
 * are named after.
 */

import type { LabelSelector, Requirement } from '../../../model/label-selector.ts';
import type { NetworkPolicy, SelectedPods } from '../../../model/network-policy.ts';

/** The pods a policy applies to. */
export function targetSelector({ namespace, podSelector }: Pick<NetworkPolicy, 'namespace' | 'podSelector'>): string {
  return all([ofPods(podSelector), inNamespace(namespace)]);
}

/** The pods a rule names. */
export function peerSelector({ podSelector, namespaceSelector }: SelectedPods, own: string): string {
  const namespaces = namespaceSelector ? ofNamespaces(namespaceSelector) : inNamespace(own);
  return all([namespaces, ofPods(podSelector ?? {})]);
}

function ofPods(selector: LabelSelector): string {
  return all(['projectcalico.org/orchestrator == "k8s"', ...terms(selector, '')]);
}

/** Labels of its namespace are a pod's own, with a prefix. */
function ofNamespaces(selector: LabelSelector): string {
  const wanted = terms(selector, 'pcns.');
  return wanted.length > 0 ? all(wanted) : 'has(projectcalico.org/namespace)';
}

function inNamespace(namespace: string): string {
  return `projectcalico.org/namespace == "${namespace}"`;
}

function terms({ matchLabels = {}, matchExpressions = [] }: LabelSelector, prefix: string): string[] {
  const labels = Object.keys(matchLabels).sort();
  return [
    ...labels.map((key) => `${prefix}${key} == "${matchLabels[key]}"`),
    ...matchExpressions.map((requirement) => term(requirement, prefix)),
  ];
}

function term({ key, operator, values = [] }: Requirement, prefix: string): string {
  const set = [...new Set(values)].sort().map((value) => `"${value}"`);
  switch (operator) {
    case 'In':
      return `${prefix}${key} in {${set.join(', ')}}`;
    case 'NotIn':
      return `${prefix}${key} not in {${set.join(', ')}}`;
    case 'Exists':
      return `has(${prefix}${key})`;
    case 'DoesNotExist':
      return `!has(${prefix}${key})`;
  }
}

function all(parts: readonly string[]): string {
  return parts.length === 1 ? parts[0]! : `(${parts.join(' && ')})`;
}
