/**
 * Which sandbox a lab gets, by what it needs of a kernel and what the kernel here has. One virtual machine serves all
 * labs of a run that need it.
 */
import { SandboxError } from '../apply/sandbox/error.ts';
import { type SandboxKind, usualNamespaces } from '../apply/sandbox/namespaces.ts';
import { findKernel } from '../apply/sandbox/vm/kernel.ts';
import { Machine } from '../apply/sandbox/vm/machine.ts';
import type { KernelState } from '../compile/kernel-state.ts';
import { examineFeatures, type Feature, featuresOf } from './features.ts';
import { machineSandbox, namespaceSandbox, programPath, type Sandbox } from './sandbox.ts';

export interface SandboxOptions {
  /** `auto`: namespaces of this machine, unless only another kernel has what a lab needs. */
  readonly kind?: SandboxKind | 'auto' | undefined;
  /** Path or version of the kernel for virtual machines; left out: the distribution's newest. */
  readonly kernel?: string | undefined;
  /** Told what takes a while. */
  readonly note?: (text: string) => void;
}

export class Sandboxes {
  readonly #options: SandboxOptions;
  readonly #missing = new Map<Feature, Promise<string | undefined>>();
  #machine: Promise<Machine> | undefined;

  constructor(options: SandboxOptions = {}) {
    this.#options = options;
  }

  /** The sandbox of a lab with this kernel state. Throws a SandboxError when none here can hold it. */
  async for(state: KernelState): Promise<Sandbox> {
    return this.open(await this.choose(state));
  }

  /** As `for`, but nothing is booted. */
  async choose(state: KernelState): Promise<SandboxKind> {
    const { kind = 'auto', kernel } = this.#options;
    if (kind === 'vm' || (kind === 'auto' && kernel !== undefined)) return 'vm';
    const local = kind === 'auto' ? usualNamespaces() : kind;
    const missing = await this.#missingHere(featuresOf(state), namespaceSandbox(local));
    if (missing.length === 0) return local;
    if (kind === 'auto') return 'vm';
    throw new SandboxError(
      `this kernel has no ${missing.map(({ name }) => name).join(', no ')}`,
      `--sandbox vm runs the lab on a kernel that has; or sudo modprobe -a ${missing.flatMap(({ modules }) => modules).join(' ')}`,
    );
  }

  async open(kind: SandboxKind): Promise<Sandbox> {
    if (kind !== 'vm') return namespaceSandbox(kind);
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
    await machine?.close();
  }

  async #boot(): Promise<Machine> {
    const { kernel, note } = this.#options;
    const found = await findKernel(kernel, note);
    note?.(`booting a virtual machine with Linux ${found.release}`);
    return Machine.boot(found, { program: [process.execPath, programPath('guest'), 'own'] });
  }

  async #missingHere(features: readonly Feature[], local: Sandbox): Promise<Feature[]> {
    const unknown = features.filter((feature) => !this.#missing.has(feature));
    if (unknown.length > 0) {
      const examined = examineFeatures(local, unknown);
      for (const [index, feature] of unknown.entries()) {
        const missing = examined.then((result) => result.examined[index]!.missing);
        missing.catch(() => {});
        this.#missing.set(feature, missing);
      }
    }
    const reasons = await Promise.all(features.map((feature) => this.#missing.get(feature)));
    return features.filter((_, index) => reasons[index] !== undefined);
  }
}
