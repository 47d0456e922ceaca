/** What pods and nodes say about who goes where (kubernetes pkg/apis/core/validation/validation.go has the rules). */
import * as z from 'zod';
import { labelSelector } from './label-selector.ts';

const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute'] as const;
const key = z.string().min(1, 'must not be empty');

export const taint = z.strictObject({
  key,
  value: z.string().default(''),
  effect: z.enum(TAINT_EFFECTS),
  timeAdded: z.unknown().optional(),
});

export const toleration = z
  .strictObject({
    key: z.string().default(''),
    operator: z.enum(['Exists', 'Equal', '']).default('Equal'),
    value: z.string().default(''),
    effect: z.enum([...TAINT_EFFECTS, '']).default(''),
    tolerationSeconds: z.number().optional(),
  })
  .refine(({ key, operator }) => key !== '' || operator === 'Exists', 'must have a key, or the operator Exists')
  .refine(
    ({ value, operator }) => value === '' || operator !== 'Exists',
    'must have no value with the operator Exists',
  );

const nodeRequirement = z
  .strictObject({
    key,
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt']),
    values: z.array(z.string()).default([]),
  })
  .refine(
    ({ operator, values }) => operator.endsWith('In') === values.length > 0 || /^[GL]t$/.test(operator),
    'must have values with the operators In and NotIn, and none with Exists and DoesNotExist',
  )
  .refine(
    ({ operator, values }) => !/^[GL]t$/.test(operator) || (values.length === 1 && /^-?\d+$/.test(values[0]!)),
    'must have one whole number as its values with the operators Gt and Lt',
  );

const fieldRequirement = z.strictObject({
  key: z.literal('metadata.name'),
  operator: z.enum(['In', 'NotIn']),
  values: z.array(z.string()).length(1, 'must be one name'),
});

const nodeSelectorTerm = z.strictObject({
  matchExpressions: z.array(nodeRequirement).default([]),
  matchFields: z.array(fieldRequirement).default([]),
});

const podAffinityTerm = z.strictObject({
  labelSelector: labelSelector.optional(),
  namespaces: z.array(z.string()).default([]),
  namespaceSelector: labelSelector.optional(),
  topologyKey: key,
  matchLabelKeys: z.array(z.string()).default([]),
  mismatchLabelKeys: z.array(z.string()).default([]),
});

const weight = z.int().min(1, 'must be from 1 to 100').max(100, 'must be from 1 to 100');

const podAffinity = z.strictObject({
  requiredDuringSchedulingIgnoredDuringExecution: z.array(podAffinityTerm).default([]),
  preferredDuringSchedulingIgnoredDuringExecution: z.array(z.strictObject({ weight, podAffinityTerm })).default([]),
});

export const affinity = z.strictObject({
  nodeAffinity: z
    .strictObject({
      requiredDuringSchedulingIgnoredDuringExecution: z
        .strictObject({ nodeSelectorTerms: z.array(nodeSelectorTerm).min(1, 'must have at least one term') })
        .optional(),
      preferredDuringSchedulingIgnoredDuringExecution: z
        .array(z.strictObject({ weight, preference: nodeSelectorTerm }))
        .default([]),
    })
    .optional(),
  podAffinity: podAffinity.optional(),
  podAntiAffinity: podAffinity.optional(),
});

export const topologySpreadConstraint = z.strictObject({
  maxSkew: z.int().min(1, 'must be at least 1'),
  topologyKey: key,
  whenUnsatisfiable: z.enum(['DoNotSchedule', 'ScheduleAnyway']),
  labelSelector: labelSelector.optional(),
  matchLabelKeys: z.array(z.string()).default([]),
  minDomains: z.int().min(1, 'must be at least 1').default(1),
  nodeAffinityPolicy: z.enum(['Honor', 'Ignore']).default('Honor'),
  nodeTaintsPolicy: z.enum(['Honor', 'Ignore']).default('Ignore'),
});

export type Taint = z.infer<typeof taint>;
export type Toleration = z.infer<typeof toleration>;
export type NodeSelectorTerm = z.infer<typeof nodeSelectorTerm>;
export type PodAffinity = z.infer<typeof podAffinity>;
export type PodAffinityTerm = z.infer<typeof podAffinityTerm>;
export type TopologySpreadConstraint = z.infer<typeof topologySpreadConstraint>;
