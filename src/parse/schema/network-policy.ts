/** NetworkPolicy of networking.k8s.io/v1. What several fields say together is judged with the model. */
import * as z from 'zod';
import { cidr, portNumber, protocol, serviceName } from './fields.ts';
import { header, objectMeta } from './kubernetes.ts';
import { labelSelector } from './label-selector.ts';

const port = z.strictObject({
  protocol: protocol.default('TCP'),
  /** The name is one of a container's port, looked up in every pod. */
  port: z.union([portNumber, serviceName]).optional(),
  endPort: portNumber.optional(),
});

const peer = z.strictObject({
  podSelector: labelSelector.optional(),
  namespaceSelector: labelSelector.optional(),
  ipBlock: z.strictObject({ cidr, except: z.array(cidr).optional() }).optional(),
});

export const networkPolicy = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z
    .strictObject({
      podSelector: labelSelector.default({}),
      policyTypes: z.array(z.enum(['Ingress', 'Egress'])).optional(),
      ingress: z.array(z.strictObject({ from: z.array(peer).optional(), ports: z.array(port).optional() })).optional(),
      egress: z.array(z.strictObject({ to: z.array(peer).optional(), ports: z.array(port).optional() })).optional(),
    })
    .prefault({}),
});

export type PeerObject = z.infer<typeof peer>;
export type PolicyPortObject = z.infer<typeof port>;
