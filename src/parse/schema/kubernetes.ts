/**
 * The Kubernetes objects the dataplane is made from, a strict subset of the API: every field of an emulated
 * kind is known, so a misspelt one is found; the ones that do not touch packets are accepted and ignored.
 * A type test holds the key lists against the `kubernetes-types` package.
 */
import * as z from 'zod';
import { FAMILY_NAMES } from '../../net/address.ts';
import { podNames } from './dns.ts';
import {
  accepted,
  address,
  cidr,
  containerPortName,
  labelName,
  labels,
  orEmpty,
  portName,
  portNumber,
  protocol,
  subdomainName,
  targetPort,
} from './fields.ts';
import { affinity, taint, toleration, topologySpreadConstraint } from './scheduling.ts';

function metadata(name: z.ZodString) {
  return z.strictObject({
    name,
    namespace: labelName.optional(),
    labels: labels.optional(),
    annotations: labels.optional(),
    creationTimestamp: z.unknown().optional(),
    deletionTimestamp: z.unknown().optional(),
    ownerReferences: z.array(z.looseObject({ kind: z.string(), name: z.string() })).optional(),
    ...accepted(
      'deletionGracePeriodSeconds',
      'finalizers',
      'generateName',
      'generation',
      'managedFields',
      'resourceVersion',
      'selfLink',
      'uid',
      'clusterName',
    ),
  });
}

export const header = { apiVersion: z.string(), kind: z.string() };
export const objectMeta = metadata(subdomainName);
const templateMeta = objectMeta.partial();

/** A list of anything, or of one kind. */
export const list = z.strictObject({ ...header, items: z.array(z.unknown()).optional(), ...accepted('metadata') });

export const namespace = z.strictObject({ ...header, metadata: metadata(labelName), ...accepted('spec', 'status') });

export const node = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z
    .strictObject({
      podCIDR: orEmpty(cidr).optional(),
      podCIDRs: z.array(cidr).optional(),
      taints: z.array(taint).optional(),
      unschedulable: z.boolean().optional(),
      ...accepted('configSource', 'externalID', 'providerID'),
    })
    .optional(),
  status: z
    .looseObject({ addresses: z.array(z.looseObject({ type: z.string(), address: z.string() })).optional() })
    .optional(),
});

const containerPort = z.strictObject({
  name: containerPortName.optional(),
  containerPort: portNumber,
  hostPort: portNumber.optional(),
  hostIP: orEmpty(address).optional(),
  protocol: protocol.default('TCP'),
});

const container = z.strictObject({
  name: z.string(),
  image: z.string().optional(),
  args: z.array(z.string()).optional(),
  ports: z.array(containerPort).optional(),
  restartPolicy: z.string().optional(),
  ...accepted(
    'command',
    'env',
    'envFrom',
    'imagePullPolicy',
    'lifecycle',
    'livenessProbe',
    'readinessProbe',
    'resizePolicy',
    'resources',
    'restartPolicyRules',
    'securityContext',
    'startupProbe',
    'stdin',
    'stdinOnce',
    'targetContainerName',
    'terminationMessagePath',
    'terminationMessagePolicy',
    'tty',
    'volumeDevices',
    'volumeMounts',
    'workingDir',
  ),
});

const podSpec = z.strictObject({
  containers: z.array(container).min(1, 'must name at least one container'),
  initContainers: z.array(container).optional(),
  nodeName: orEmpty(subdomainName).optional(),
  nodeSelector: labels.optional(),
  affinity: affinity.optional(),
  tolerations: z.array(toleration).optional(),
  topologySpreadConstraints: z.array(topologySpreadConstraint).optional(),
  hostNetwork: z.boolean().optional(),
  ...podNames,
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never']).optional(),
  ...accepted(
    'activeDeadlineSeconds',
    'automountServiceAccountToken',
    'ephemeralContainers',
    'hostIPC',
    'hostPID',
    'hostUsers',
    'hostnameOverride',
    'imagePullSecrets',
    'os',
    'overhead',
    'preemptionPolicy',
    'priority',
    'priorityClassName',
    'readinessGates',
    'resourceClaims',
    'resources',
    'runtimeClassName',
    'schedulerName',
    'schedulingGates',
    'securityContext',
    'serviceAccount',
    'serviceAccountName',
    'shareProcessNamespace',
    'terminationGracePeriodSeconds',
    'volumes',
  ),
});

const podStatus = z.looseObject({
  phase: z.string().optional(),
  podIP: address.optional(),
  podIPs: z.array(z.looseObject({ ip: address })).optional(),
  conditions: z.array(z.looseObject({ type: z.string(), status: z.string() })).optional(),
});

export const pod = z.strictObject({ ...header, metadata: objectMeta, spec: podSpec, status: podStatus.optional() });

export const podTemplate = z.strictObject({ metadata: templateMeta.optional(), spec: podSpec });

const servicePort = z.strictObject({
  name: portName.optional(),
  protocol: protocol.default('TCP'),
  port: portNumber,
  targetPort: targetPort.optional(),
  nodePort: z.int().min(0).max(65535).optional(),
  ...accepted('appProtocol'),
});

/** `None` and the empty string are values kube-proxy knows as well as an address. */
const clusterIP = z.string();
const trafficPolicy = z.enum(['Cluster', 'Local']);

export const service = z.strictObject({
  ...header,
  metadata: metadata(labelName),
  spec: z.strictObject({
    type: z.enum(['ClusterIP', 'NodePort', 'LoadBalancer', 'ExternalName']).default('ClusterIP'),
    selector: labels.optional(),
    clusterIP: clusterIP.optional(),
    clusterIPs: z.array(clusterIP).optional(),
    ipFamilies: z.array(z.enum(FAMILY_NAMES)).optional(),
    ipFamilyPolicy: z.enum(['SingleStack', 'PreferDualStack', 'RequireDualStack']).optional(),
    ports: z.array(servicePort).optional(),
    externalIPs: z.array(address).optional(),
    externalName: z.string().optional(),
    externalTrafficPolicy: trafficPolicy.default('Cluster'),
    internalTrafficPolicy: trafficPolicy.default('Cluster'),
    sessionAffinity: z.enum(['None', 'ClientIP']).default('None'),
    sessionAffinityConfig: z
      .strictObject({
        clientIP: z.strictObject({ timeoutSeconds: z.int().min(1).max(86_400).default(10_800) }).optional(),
      })
      .optional(),
    loadBalancerIP: z.string().optional(),
    loadBalancerSourceRanges: z.array(z.string()).optional(),
    allocateLoadBalancerNodePorts: z.boolean().default(true),
    healthCheckNodePort: z.int().min(0).max(65535).optional(),
    publishNotReadyAddresses: z.boolean().default(false),
    trafficDistribution: z.enum(['PreferClose', 'PreferSameZone', 'PreferSameNode']).optional(),
    loadBalancerClass: z.string().optional(),
  }),
  status: z
    .looseObject({
      loadBalancer: z
        .looseObject({
          ingress: z
            .array(
              z.looseObject({
                ip: address.optional(),
                hostname: z.string().optional(),
                ipMode: z.enum(['VIP', 'Proxy']).optional(),
              }),
            )
            .optional(),
        })
        .optional(),
    })
    .optional(),
});

const targetRef = z.looseObject({
  kind: z.string().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
});
const endpointAddress = z.strictObject({
  ip: address,
  nodeName: z.string().optional(),
  targetRef: targetRef.optional(),
  hostname: labelName.optional(),
});

export const endpoints = z.strictObject({
  ...header,
  metadata: objectMeta,
  subsets: z
    .array(
      z.strictObject({
        addresses: z.array(endpointAddress).optional(),
        notReadyAddresses: z.array(endpointAddress).optional(),
        ports: z
          .array(
            z.strictObject({
              name: portName.optional(),
              port: portNumber,
              protocol: protocol.default('TCP'),
              ...accepted('appProtocol'),
            }),
          )
          .optional(),
      }),
    )
    .optional(),
});

export const endpointSlice = z.strictObject({
  ...header,
  metadata: objectMeta,
  addressType: z.enum(['IPv4', 'IPv6', 'FQDN']),
  endpoints: z
    .array(
      z.strictObject({
        addresses: z.array(z.string()).min(1).max(100),
        conditions: z
          .strictObject({
            ready: z.boolean().optional(),
            serving: z.boolean().optional(),
            terminating: z.boolean().optional(),
          })
          .optional(),
        nodeName: z.string().optional(),
        zone: z.string().optional(),
        hints: z
          .strictObject({
            forZones: z.array(z.strictObject({ name: z.string() })).optional(),
            forNodes: z.array(z.strictObject({ name: z.string() })).optional(),
          })
          .optional(),
        targetRef: targetRef.optional(),
        hostname: labelName.optional(),
        ...accepted('deprecatedTopology'),
      }),
    )
    .max(1000, 'must be at most 1000'),
  ports: z
    .array(
      z.strictObject({
        name: portName.optional(),
        port: portNumber.optional(),
        protocol: protocol.default('TCP'),
        ...accepted('appProtocol'),
      }),
    )
    .optional(),
});

export type NamespaceObject = z.infer<typeof namespace>;
export type NodeObject = z.infer<typeof node>;
export type PodObject = z.infer<typeof pod>;
export type PodTemplate = z.infer<typeof podTemplate>;
export type ServiceObject = z.infer<typeof service>;
export type EndpointsObject = z.infer<typeof endpoints>;
export type EndpointSliceObject = z.infer<typeof endpointSlice>;
