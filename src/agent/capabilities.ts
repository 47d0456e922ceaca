/** What a machine can run: its tools, a kernel's features, and virtual machines. Tried out, not guessed from versions. */
import { PACKAGES, run } from '../apply/kernel/command.ts';
import { KernelError } from '../apply/kernel/errors.ts';
import { SandboxError } from '../apply/sandbox/error.ts';
import { cachedKernels } from '../apply/sandbox/vm/kernel.ts';
import { lastBoot } from '../apply/sandbox/vm/machine.ts';
import { type Examined, examineFeatures, FEATURES } from './features.ts';
import type { Sandbox } from './sandbox.ts';

export interface Finding {
  readonly name: string;
  readonly neededFor: string;
  readonly present: boolean;
  /** Without it nothing runs. */
  readonly required: boolean;
  /** Version, or why it is missing. */
  readonly detail: string;
  readonly debianPackage?: string;
  /** What to do, when installing a package is not it. */
  readonly remedy?: string;
}

interface Tool {
  readonly program: string;
  readonly neededFor: string;
  readonly required?: boolean;
  readonly version: readonly string[];
}

const TOOLS: readonly Tool[] = [
  { program: 'unshare', neededFor: 'sandboxes', required: true, version: ['--version'] },
  { program: 'setpriv', neededFor: 'sandboxes', required: true, version: ['--version'] },
  { program: 'ip', neededFor: 'plans run by hand, state checks', required: true, version: ['-V'] },
  { program: 'iptables-restore', neededFor: 'kube-proxy and flannel rules', required: true, version: ['--version'] },
  { program: 'tcpdump', neededFor: 'captures', required: true, version: ['--version'] },
  { program: 'xtables-monitor', neededFor: 'trace --rules', version: ['--version'] },
  { program: 'conntrack', neededFor: 'trace --rules', version: ['--version'] },
  { program: 'nft', neededFor: 'kube-proxy mode nftables, and trace --rules there', version: ['--version'] },
  { program: 'ipset', neededFor: 'kube-proxy mode ipvs', version: ['--version'] },
  { program: 'ipvsadm', neededFor: 'kube-proxy mode ipvs', version: ['--version'] },
];

const MACHINE_TOOLS: readonly Tool[] = [
  { program: 'qemu-system-x86_64', neededFor: 'virtual machines', version: ['--version'] },
  { program: 'busybox', neededFor: 'virtual machines', version: ['--help'] },
  { program: 'cpio', neededFor: 'virtual machines', version: ['--version'] },
  { program: 'depmod', neededFor: 'virtual machines', version: ['--version'] },
];

/** Tools, the features of the sandbox's kernel, and what virtual machines need, in a fixed order. */
export async function examineMachine(sandbox: () => Promise<Sandbox>): Promise<Finding[]> {
  const tools = await Promise.all(TOOLS.map(examineTool));
  const kernel = await examineKernel(sandbox);
  const machineTools = await Promise.all(MACHINE_TOOLS.map(examineTool));
  return [...tools, ...kernel, ...machineTools, guestKernel(), acceleration()];
}

async function examineTool({ program, neededFor, required = false, version }: Tool): Promise<Finding> {
  const base = { name: program, neededFor, required };
  try {
    const { stdout, stderr } = await run([program, ...version]);
    const lines = (stdout || stderr).split('\n').filter((line) => !line.startsWith('modprobe:'));
    return { ...base, present: true, detail: lines[0]?.trim() ?? '' };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const debianPackage = PACKAGES[program];
    return { ...base, present: false, detail: 'not installed', ...(debianPackage && { debianPackage }) };
  }
}

async function examineKernel(open: () => Promise<Sandbox>): Promise<Finding[]> {
  try {
    const sandbox = await open();
    const { kernel, examined } = await examineFeatures(sandbox, FEATURES);
    const name = `${sandbox.kind} sandbox`;
    return [
      { name, neededFor: 'everything', required: true, present: true, detail: `Linux ${kernel}` },
      ...examined.map((each) => featureFinding(each, sandbox)),
    ];
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    const { message, remedy } = error;
    const base = { name: 'sandbox', neededFor: 'everything', required: true, present: false };
    return [{ ...base, detail: message, ...(remedy !== undefined && { remedy }) }];
  }
}

function featureFinding({ feature, missing }: Examined, { kind }: Sandbox): Finding {
  const { name, neededFor, usedBy, modules } = feature;
  const base = { name, neededFor, required: usedBy === undefined };
  if (missing === undefined) return { ...base, present: true, detail: '' };
  const elsewhere = kind === 'vm' ? 'another kernel: --kernel' : 'a virtual machine: --sandbox vm';
  return { ...base, present: false, detail: missing, remedy: `sudo modprobe -a ${modules.join(' ')}, or ${elsewhere}` };
}

function guestKernel(): Finding {
  const kernels = cachedKernels().map(({ release }) => release);
  const detail = kernels.length > 0 ? kernels.join(', ') : 'none yet; the first lab that needs one fetches it';
  return { name: 'guest kernel', neededFor: 'virtual machines', required: false, present: true, detail };
}

function acceleration(): Finding {
  const base = { name: 'virtual machine', neededFor: 'what this kernel lacks', required: false, present: true };
  const boot = lastBoot();
  if (!boot) return { ...base, detail: 'not tried yet: packetwalk doctor --sandbox vm' };
  const how = boot.acceleration === 'kvm' ? 'KVM' : 'software emulation';
  return { ...base, detail: `${how}, up in ${(boot.bootMs / 1000).toFixed(1)} s with Linux ${boot.kernel}` };
}
