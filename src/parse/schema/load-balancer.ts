/** `loadBalancers` of a Topology document: who gives Services of type LoadBalancer an address, and brings packets for it to nodes. */
import * as z from 'zod';
import { parseRange } from '../../net/range.ts';
import { address, labelName } from './fields.ts';

const AS = 'must be the number of an autonomous system, 1 to 4294967295';
const asNumber = z.int('must be a whole number').min(1, AS).max(4_294_967_295, AS);

const range = z
  .string()
  .refine((text) => parseRange(text) !== undefined, 'must be addresses such as 10.0.0.240/28 or 10.0.0.240-10.0.0.250');

const common = {
  name: labelName,
  loadBalancerClass: z
    .string()
    .min(1)
    .optional()
    .describe('It serves the Services that name this loadBalancerClass; left out: those that name none.'),
};

const addresses = z.array(range).min(1, 'must have addresses').describe('What it gives to Services, in this order.');

const cloud = z.strictObject({
  kind: z.literal('cloud'),
  ...common,
  addresses,
  network: labelName.optional().describe('Where its machine, host/NAME, stands. Left out: the first network.'),
  address: address.optional().describe("Its machine's own. Left out: allocated."),
  ipMode: z
    .enum(['VIP', 'Proxy'])
    .default('VIP')
    .describe(
      'Proxy: it opens connections of its own to NodePorts. VIP: it passes packets on to a node as they are, and kube-proxy knows the address.',
    ),
});

const metallbL2 = z.strictObject({ kind: z.literal('metallb-l2'), ...common, addresses });

const metallbBgp = z.strictObject({
  kind: z.literal('metallb-bgp'),
  ...common,
  addresses,
  myASN: asNumber.default(64_500).describe('The autonomous system of the nodes.'),
  peerASN: asNumber.default(64_501).describe('That of the routers of their networks, which are the peers.'),
});

const klipper = z.strictObject({ kind: z.literal('klipper'), ...common });

const KINDS = [cloud, metallbL2, metallbBgp, klipper] as const;

export const loadBalancer = z
  .discriminatedUnion('kind', KINDS)
  .describe('Services of type LoadBalancer get their addresses from it, unless their status has some.');

export type LoadBalancerObject = z.infer<typeof loadBalancer>;
