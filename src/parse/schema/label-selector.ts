/** Label selectors, as workloads and pods use them. */
import * as z from 'zod';
import { labels } from './fields.ts';

const labelRequirement = z
  .strictObject({
    key: z.string(),
    operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']),
    values: z.array(z.string()).optional(),
  })
  .refine(
    ({ operator, values = [] }) => values.length > 0 === operator.endsWith('In'),
    'must have values with the operators In and NotIn, and none with Exists and DoesNotExist',
  );

export const labelSelector = z.strictObject({
  matchLabels: labels.optional(),
  matchExpressions: z.array(labelRequirement).optional(),
});

export type LabelSelector = z.infer<typeof labelSelector>;
