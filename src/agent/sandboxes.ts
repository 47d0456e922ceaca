/**
 * Which sandbox a lab gets, by what it needs of a kernel and what the kernel here has. One virtual machine serves all
 * labs of a run that need it.
 */
import { SandboxError } from '../apply/sandbox/error.ts';
import { type NamespaceKind, type SandboxKind, usualNamespaces } from '../apply/sandbox/namespaces.ts';
import { findKernel, type GuestKernel } from '../apply/sandbox/vm/kernel.ts';
import { assertPrograms, Machine } from '../apply/sandbox/vm/machine.ts';
import type { KernelState } from '../compile/kernel-state.ts';
import { type Examined, examineFeatures } from './examine.ts';
import { type Feature, featuresOf } from './features.ts';
import { programPath } from './programs.ts';
import { lackOf, remediesOf } from './remedies.ts';
import { type DetachedPlace, machineSandbox, namespaceSandbox, type OwnAgent, type Sandbox } from './sandbox.ts';

export interface SandboxOptions {
  /** `auto`: namespaces of this machine, unless only another kernel has what a lab needs. */
  readonly kind?: SandboxKind | 'auto' | undefined;
  /** Path or version of the kernel for virtual machines; left out: the distribution's newest. */
  readonly kernel?: string | undefined;
  /** KVM is tried for virtual machines even where it is remembered not to work. */
  readonly anew?: boolean | undefined;
  /** Told what takes a while. */
  readonly note?: (text: string) => void;
}

export class Sandboxes {
  readonly #options: SandboxOptions;
  readonly #missing = new Map<Feature, Promise<string | undefined>>();
  /** Agents of the usual namespaces that have tried features out, and wait for a lab. */
  readonly #idle: OwnAgent[] = [];
  #machine: Promise<Machine> | undefined;

  constructor(options: SandboxOptions = {}) {
    this.#options = options;
  }

  /** The sandbox of a lab with this kernel state. Throws a SandboxError when none here can hold it. */
  async for(state: KernelState): Promise<Sandbox> {
    const { kind, lacking } = await this.#choice(state);
    return excused(lacking, () => this.open(kind));
  }

  /** Where a lab with this kernel state can be that outlives this process. Throws as `for` does. */
  async placeFor(state: KernelState): Promise<DetachedPlace> {
    const { kind, lacking } = await this.#choice(state);
    if (kind !== 'vm') return { kind };
    const kernel = await excused(lacking, () => this.#findKernel());
    return { kind, kernel };
  }

  /** The kind of sandbox `for` opens. */
  async choose(state: KernelState): Promise<SandboxKind> {
    return (await this.#choice(state)).kind;
  }

  async open(kind: SandboxKind): Promise<Sandbox> {
    if (kind !== 'vm') {
      const { startAgent } = namespaceSandbox(kind);
      return { kind, startAgent: async () => (kind === this.usual ? this.#idle.pop() : undefined) ?? startAgent() };
    }
    this.#machine ??= this.#boot();
    return machineSandbox(await this.#machine);
  }

  /** The kind a lab without special needs gets. */
  get usual(): SandboxKind {
    const { kind = 'auto' } = this.#options;
    return kind === 'auto' ? usualNamespaces() : kind;
  }

  async close(): Promise<void> {
    const machine = await this.#machine?.catch(() => undefined);
    await Promise.all([machine?.close(), ...this.#idle.splice(0).map((agent) => agent.close())]);
  }

  /** What is missing is the reason for a virtual machine that nobody has asked for. */
  async #choice(state: KernelState): Promise<{ readonly kind: SandboxKind; readonly lacking: readonly Feature[] }> {
    const { kind = 'auto', kernel } = this.#options;
    if (kind === 'vm' || (kind === 'auto' && kernel !== undefined)) return { kind: 'vm', lacking: [] };
    const local = kind === 'auto' ? usualNamespaces() : kind;
    const lacking = await this.#missingHere(featuresOf(state), local);
    if (lacking.length === 0) return { kind: local, lacking };
    if (kind === 'auto') return { kind: 'vm', lacking };
    throw new SandboxError(
      lackOf(lacking),
      ['--sandbox vm runs the lab on another kernel', ...(await remediesOf(lacking))].join('; or '),
    );
  }

  async #boot(): Promise<Machine> {
    const { note, anew = false } = this.#options;
    const kernel = await this.#findKernel();
    note?.(`booting a virtual machine with Linux ${kernel.release}`);
    return Machine.boot(kernel, { program: [process.execPath, programPath('guest')], anew });
  }

  /** Nothing is fetched for a machine that could not be started. */
  async #findKernel(): Promise<GuestKernel> {
    const { kernel, note } = this.#options;
    assertPrograms();
    return findKernel(kernel, note);
  }

  async #missingHere(features: readonly Feature[], local: NamespaceKind): Promise<Feature[]> {
    const unknown = features.filter((feature) => !this.#missing.has(feature));
    if (unknown.length > 0) {
      const examined = this.#examine(unknown, local);
      for (const [index, feature] of unknown.entries()) {
        const missing = examined.then((results) => results[index]!.missing);
        missing.catch(() => {});
        this.#missing.set(feature, missing);
      }
    }
    const reasons = await Promise.all(features.map((feature) => this.#missing.get(feature)));
    return features.filter((_, index) => reasons[index] !== undefined);
  }

  /** Most of a small lab's time is its agent's start: the one that is started for this stays for a lab. */
  async #examine(features: readonly Feature[], local: NamespaceKind): Promise<readonly Examined[]> {
    const agent = this.#idle.pop() ?? (await namespaceSandbox(local).startAgent());
    try {
      const examined = await examineFeatures(agent.client, features);
      this.#idle.push(agent);
      return examined;
    } catch (error) {
      await agent.close();
      throw error;
    }
  }
}

/** When there is no virtual machine, says what it was wanted for. */
async function excused<T>(lacking: readonly Feature[], action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (lacking.length === 0 || !(error instanceof SandboxError)) throw error;
    const { message, remedy } = error;
    throw new SandboxError(
      `${lackOf(lacking)}, and there is no virtual machine: ${message}`,
      [...(remedy === undefined ? [] : [remedy]), ...(await remediesOf(lacking))].join('; or '),
    );
  }
}
