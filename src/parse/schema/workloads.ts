/** Workloads: the objects whose controllers create pods. What a controller does over time is accepted and ignored. */
import * as z from 'zod';
import { accepted, labelName, labels, orEmpty } from './fields.ts';
import { header, objectMeta, podTemplate } from './kubernetes.ts';
import { labelSelector } from './label-selector.ts';

const pods = z.int().min(0).max(10_000, 'must be at most 10000');
const replicas = pods.default(1);

export const deployment = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z.strictObject({
    replicas,
    selector: labelSelector,
    template: podTemplate,
    ...accepted('minReadySeconds', 'paused', 'progressDeadlineSeconds', 'revisionHistoryLimit', 'strategy'),
  }),
  ...accepted('status'),
});

export const replicaSet = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z.strictObject({ replicas, selector: labelSelector, template: podTemplate, ...accepted('minReadySeconds') }),
  ...accepted('status'),
});

export const replicationController = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z.strictObject({
    replicas,
    selector: labels.optional(),
    template: podTemplate,
    ...accepted('minReadySeconds'),
  }),
  ...accepted('status'),
});

export const statefulSet = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z.strictObject({
    replicas,
    selector: labelSelector,
    template: podTemplate,
    serviceName: orEmpty(labelName).optional(),
    ordinals: z.strictObject({ start: z.int().min(0).max(1_000_000_000).default(0) }).optional(),
    podManagementPolicy: z.enum(['OrderedReady', 'Parallel']).optional(),
    ...accepted(
      'minReadySeconds',
      'persistentVolumeClaimRetentionPolicy',
      'revisionHistoryLimit',
      'updateStrategy',
      'volumeClaimTemplates',
    ),
  }),
  ...accepted('status'),
});

export const daemonSet = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z.strictObject({
    selector: labelSelector,
    template: podTemplate,
    ...accepted('minReadySeconds', 'revisionHistoryLimit', 'templateGeneration', 'updateStrategy'),
  }),
  ...accepted('status'),
});

export const job = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z.strictObject({
    parallelism: pods.optional(),
    completions: pods.optional(),
    completionMode: z.enum(['NonIndexed', 'Indexed']).default('NonIndexed'),
    suspend: z.boolean().default(false),
    manualSelector: z.boolean().default(false),
    selector: labelSelector.optional(),
    template: podTemplate,
    ...accepted(
      'activeDeadlineSeconds',
      'backoffLimit',
      'backoffLimitPerIndex',
      'managedBy',
      'maxFailedIndexes',
      'podFailurePolicy',
      'podReplacementPolicy',
      'successPolicy',
      'ttlSecondsAfterFinished',
    ),
  }),
  status: z
    .looseObject({ conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).optional() })
    .optional(),
});
