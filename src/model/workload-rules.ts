/**
 * What the API server refuses of a workload (kubernetes pkg/apis/apps, core and batch, validation/validation.go): a selector
 * that does not select its own pods, and a restartPolicy that its controller cannot work with.
 */
import type { Diagnostics } from '../diagnostic.ts';
import { LABEL_NAME } from '../parse/schema/fields.ts';
import type { LabelSelector } from '../parse/schema/label-selector.ts';
import { formatLabels, formatSelector, selects } from './label-selector.ts';
import type { Workload } from './replicas.ts';

/** True after reporting. */
export function refuseWorkload(workload: Workload, diagnostics: Diagnostics): boolean {
  const before = diagnostics.all.length;
  reportSelector(workload, diagnostics);
  reportRestartPolicy(workload, diagnostics);
  reportHostname(workload, diagnostics);
  return diagnostics.all.length > before;
}

/** Those of the template, and those that the API server writes into a Job's (pkg/registry/batch/job/strategy.go, generateSelector). */
export function templateLabels({ kind, object }: Workload): Readonly<Record<string, string>> {
  const labels = object.spec.template.metadata?.labels ?? {};
  if (kind !== 'Job' || object.spec.manualSelector) return labels;
  const { name } = object.metadata;
  return { ...labels, 'batch.kubernetes.io/job-name': name, 'job-name': name };
}

/** A Job's is written by the API server; left out, a ReplicationController's is the labels of its template. */
function selectorOf(workload: Workload): LabelSelector {
  const matchLabels = templateLabels(workload);
  if (workload.kind !== 'ReplicationController') return workload.object.spec.selector ?? { matchLabels };
  return { matchLabels: workload.object.spec.selector ?? matchLabels };
}

function reportSelector(workload: Workload, diagnostics: Diagnostics): void {
  const { kind, object, locate } = workload;
  const selector = selectorOf(workload);
  const what = `${kind} ${object.metadata.name}`;
  const asked = formatSelector(selector);
  if (asked === '')
    diagnostics.error(
      'invalid-value',
      `the selector of ${what} is empty, and would select every pod`,
      locate(['spec', 'selector']),
      "name labels that only its template's pods have",
    );
  else if (!selects(selector, templateLabels(workload)))
    diagnostics.error(
      'selector-mismatch',
      `${what} selects ${asked}, and its pods have ${formatLabels(templateLabels(workload)).join(',') || 'no labels'}`,
      locate(['spec', 'template', 'metadata', 'labels']),
      'the API server refuses a workload that does not select its own pods: spec.selector must match spec.template.metadata.labels',
    );
}

const RESTARTED = ['Always'];
const RUN_ONCE = ['OnFailure', 'Never'];

function reportRestartPolicy({ kind, object, locate }: Workload, diagnostics: Diagnostics): void {
  const { restartPolicy = 'Always' } = object.spec.template.spec;
  const allowed = kind === 'Job' ? RUN_ONCE : RESTARTED;
  if (allowed.includes(restartPolicy)) return;
  diagnostics.error(
    'invalid-value',
    `the restartPolicy of ${kind} ${object.metadata.name} cannot be ${restartPolicy}`,
    locate(['spec', 'template', 'spec', 'restartPolicy']),
    `allowed: ${allowed.join(', ')}`,
  );
}

/** The pods of these have their names as hostnames, which have no dots. */
function reportHostname({ kind, object, locate }: Workload, diagnostics: Diagnostics): void {
  const { name } = object.metadata;
  const isNamed = kind === 'StatefulSet' || (kind === 'Job' && object.spec.completionMode === 'Indexed');
  if (!isNamed || LABEL_NAME.test(name)) return;
  diagnostics.error(
    'invalid-value',
    `the name of ${kind} ${name} is part of its pods' hostnames, and cannot be one`,
    locate(['metadata', 'name']),
    'at most 63 lower-case letters, digits and "-", as RFC 1123 has it',
  );
}
