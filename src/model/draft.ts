/** A pod as some object describes it, before it has a node and an address. */
import type { Origin, Position } from '../diagnostic.ts';
import type { PodObject } from '../parse/schema/kubernetes.ts';
import type { Path } from '../parse/yaml.ts';
import type { Bandwidth } from './bandwidth.ts';
import { objectName } from './cluster.ts';

export interface Draft {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Replicas share it. */
  readonly spec: PodObject['spec'];
  /** Its own, whatever the spec that it shares says. */
  readonly hostname: string | undefined;
  readonly subdomain: string | undefined;
  /** Name of the one node it is for: a DaemonSet's pod. */
  readonly onlyNode?: string | undefined;
  readonly status: PodObject['status'];
  readonly terminating: boolean;
  readonly bandwidth: Bandwidth | undefined;
  readonly locateSpec: (path: Path) => Position;
  readonly origin: Origin;
}

export function podPlace({ namespace, name }: Pick<Draft, 'namespace' | 'name'>): string {
  return `pod/${objectName(namespace, name)}`;
}
