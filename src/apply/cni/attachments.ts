/**
 * The pods of a lab that CNI plugins have connected, as a container runtime keeps them (containernetworking/cni
 * libcni/api.go): the result of ADD is remembered for CHECK and DEL.
 */
import {
  type Attachment,
  environmentOf,
  type PluginCall,
  type PluginNetwork,
  withoutPod,
} from '../../compile/attachment.ts';
import type { Garbage } from '../../plan/operation.ts';
import { KernelError } from '../kernel/errors.ts';
import { forgetNode } from './node.ts';
import { callPlugin, type Invocation, pluginError } from './plugin.ts';
import { excerptOf, type PluginResult, resultIn, versionsIn } from './result.ts';

/** From this version on the specification has STATUS and GC. */
const STATUS_SINCE = '1.1.0';
/** And from this one CHECK, and a result for DEL. */
const CHECK_SINCE = '0.4.0';

interface Attached {
  readonly node: string;
  readonly attachment: Attachment;
  readonly result: PluginResult;
}

export interface Checked {
  readonly place: string;
  /** What a plugin complains of; undefined: nothing. */
  readonly problem?: string;
}

export class Attachments {
  readonly #attached = new Map<string, Attached>();
  /** Which versions a plugin speaks, and which networks of a node are ready: asked until they are. */
  readonly #versions = new Map<string, readonly string[]>();
  readonly #ready = new Set<string>();

  /**
   * ADD. When a plugin fails, or gives the pod another address than it is known by, DEL takes back what the others did and
   * the error is thrown: nothing is left behind.
   */
  async add(node: string, attachment: Attachment): Promise<void> {
    await this.#prepare(node, attachment);
    try {
      const result = await addThrough(node, attachment);
      this.#attached.set(keyOf(node, attachment), { node, attachment, result });
    } catch (error) {
      await this.#takeBack(node, attachment);
      throw error;
    }
  }

  /** DEL, the last plugin first. Throws when one fails: the others have not been called then. */
  async delete(node: string, attachment: Attachment): Promise<void> {
    const key = keyOf(node, attachment);
    const result = this.#attached.get(key)?.result;
    for (const call of attachment.calls.toReversed())
      await callPlugin(invocation('DEL', node, attachment, call, hasCheck(attachment.network) ? result : undefined));
    this.#attached.delete(key);
  }

  /** GC. */
  async collect(node: string, { network, calls, valid }: Garbage): Promise<void> {
    const attachments = valid.map(({ container, device }) => ({ containerID: container, ifname: device }));
    for (const call of calls) {
      const input = { ...call.configuration, 'cni.dev/valid-attachments': attachments };
      await callPlugin({ command: 'GC', node, call, network, input });
    }
  }

  /** CHECK for every pod, where the network configuration allows it. */
  async check(): Promise<Checked[]> {
    const checked: Checked[] = [];
    for (const { node, attachment, result } of this.#attached.values()) {
      if (!attachment.network.checks) continue;
      checked.push({ place: attachment.place, ...(await problemOf(node, attachment, result)) });
    }
    return checked;
  }

  /** The node is gone, with whatever its plugins knew. */
  forget(node: string): void {
    forgetNode(node);
    for (const [key, attached] of this.#attached) if (attached.node === node) this.#attached.delete(key);
    for (const key of this.#ready.keys()) if (key.startsWith(`${node} `)) this.#ready.delete(key);
  }

  /** VERSION of every plugin, and STATUS of the network. */
  async #prepare(node: string, { network, calls: ofPod }: Attachment): Promise<void> {
    const calls = ofPod.map(withoutPod);
    const key = `${node} ${JSON.stringify({ network, calls })}`;
    if (this.#ready.has(key)) return;
    for (const call of calls) await this.#assertSpeaks(node, network, call);
    if (network.version >= STATUS_SINCE)
      for (const call of calls) await callPlugin({ command: 'STATUS', node, call, network, input: call.configuration });
    this.#ready.add(key);
  }

  async #assertSpeaks(node: string, network: PluginNetwork, call: PluginCall): Promise<void> {
    const key = `${network.path.join(':')} ${call.plugin}`;
    const input = { cniVersion: network.version };
    const invocation: Invocation = { command: 'VERSION', node, call, network, input };
    const versions = this.#versions.get(key) ?? (await versionsOf(invocation));
    this.#versions.set(key, versions);
    if (versions.includes(network.version)) return;
    throw pluginError(invocation, {
      code: 'unsupported',
      cause: `it speaks CNI ${versions.join(', ')}, and the network configuration is of version ${network.version}`,
      remedy: `change cniVersion, or get another ${call.plugin}`,
    });
  }

  /** Whether the plugins succeed or not: what was wrong is known already. */
  async #takeBack(node: string, attachment: Attachment): Promise<void> {
    for (const call of attachment.calls.toReversed()) {
      try {
        await callPlugin(invocation('DEL', node, attachment, call));
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
      }
    }
  }
}

async function addThrough(node: string, attachment: Attachment): Promise<PluginResult> {
  let result: PluginResult | undefined;
  for (const call of attachment.calls) {
    const add = invocation('ADD', node, attachment, call, result);
    const printed = await callPlugin(add);
    result = resultIn(printed);
    if (!result) {
      const words =
        excerptOf(printed) === '' ? 'it printed nothing' : `what it printed is no result: ${excerptOf(printed)}`;
      throw pluginError(add, { code: 'failed', cause: words });
    }
  }
  assertAddress(node, attachment, result!);
  return result!;
}

/** Services, checks and walks name the pod by the address it was meant to have. */
function assertAddress(node: string, attachment: Attachment, { ips = [] }: PluginResult): void {
  const { address, calls } = attachment;
  const given = ips.map((ip) => ip.address.replace(/\/.*/, ''));
  if (given.includes(address)) return;
  throw pluginError(invocation('ADD', node, attachment, calls[0]!), {
    code: 'failed',
    cause: `the plugins gave it ${given.join(', ') || 'no address'}, and the lab knows it as ${address}`,
    remedy:
      'let ipam take addresses from {{.PodCIDR}}: host-local and static give the one they are asked for; or give the pod that address, as status.podIP',
  });
}

async function problemOf(node: string, attachment: Attachment, result: PluginResult): Promise<{ problem?: string }> {
  try {
    for (const call of attachment.calls) await callPlugin(invocation('CHECK', node, attachment, call, result));
    return {};
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { problem: error.message };
  }
}

function invocation(
  command: 'ADD' | 'DEL' | 'CHECK',
  node: string,
  attachment: Attachment,
  call: PluginCall,
  prevResult?: PluginResult,
): Invocation {
  const { network, place } = attachment;
  const input = { ...call.configuration, ...(prevResult && { prevResult }) };
  return { command, node, call, network, environment: environmentOf(command, attachment), input, place };
}

async function versionsOf(invocation: Invocation): Promise<readonly string[]> {
  const printed = await callPlugin(invocation);
  const versions = versionsIn(printed);
  if (versions) return versions;
  throw pluginError(invocation, {
    code: 'failed',
    cause: `what it printed says no versions: ${excerptOf(printed)}`,
    remedy: `is ${invocation.call.plugin} a CNI plugin?`,
  });
}

function hasCheck({ version }: PluginNetwork): boolean {
  return version >= CHECK_SINCE;
}

function keyOf(node: string, { container, device }: Attachment): string {
  return `${node} ${container} ${device}`;
}
