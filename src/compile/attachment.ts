/**
 * A pod that real CNI plugins connect to a network: how each plugin of the network configuration is called for it. Nothing of
 * what they make is known before they have run; a process calls them (apply/cni/).
 */
import type { Origin } from '../diagnostic.ts';

export interface Attachment {
  /** Whose it is: `pod/web-0`. */
  readonly place: string;
  /** The network namespace of the pod; the plugins run in that of its node. */
  readonly pod: string;
  /** CNI_CONTAINERID */
  readonly container: string;
  /** CNI_IFNAME */
  readonly device: string;
  /** CNI_ARGS */
  readonly args: string;
  /** The address everybody else knows the pod by: the plugins must give it this one. */
  readonly address: string;
  readonly network: PluginNetwork;
  /** In the order of ADD. */
  readonly calls: readonly PluginCall[];
  readonly origin: Origin;
}

/** What is the same for all pods of a node. */
export interface PluginNetwork {
  readonly name: string;
  /** cniVersion */
  readonly version: string;
  readonly checks: boolean;
  readonly collectsGarbage: boolean;
  /** CNI_PATH, folder by folder. */
  readonly path: readonly string[];
  readonly timeoutMs: number;
}

export interface PluginCall {
  /** The plugin's type: the name of its program. */
  readonly plugin: string;
  /** What it reads, `prevResult` aside. */
  readonly configuration: Readonly<Record<string, unknown>>;
  /** Where the plugin stands in the network configuration. */
  readonly origin: Origin;
}

/** The environment of a call (CNI specification, section 2, Parameters). */
export function environmentOf(
  command: 'ADD' | 'DEL' | 'CHECK',
  { pod, container, device, args, network }: Attachment,
): Record<string, string> {
  return {
    CNI_COMMAND: command,
    CNI_CONTAINERID: container,
    CNI_NETNS: `/run/netns/${pod}`,
    CNI_IFNAME: device,
    CNI_ARGS: args,
    CNI_PATH: network.path.join(':'),
  };
}

/**
 * How a program is run on a node: with the node's own folder, the next argument, as /var/lib, where plugins keep what they know of
 * pods. The machine's files can be read and not be written; /run is the lab's. It takes a program to do the one before the other;
 * the words are arguments, and no part of the text.
 */
export const ON_NODE: readonly string[] = [
  'unshare',
  '--mount',
  '--propagation',
  'slave',
  'sh',
  '-c',
  'mount -o remount,bind,ro / && mount --bind "$0" /var/lib && exec "$@"',
];

/** A call as it is for all pods of the network: for the commands STATUS and GC, which are about none (CNI specification, section 3). */
export function withoutPod({ configuration: { runtimeConfig: _, ...configuration }, ...call }: PluginCall): PluginCall {
  return { ...call, configuration };
}
