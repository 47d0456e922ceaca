/** What a machine can run: its tools, a kernel's features, and virtual machines. Tried out, not guessed from versions. */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { PACKAGES, run } from '../apply/kernel/command.ts';
import { KernelError } from '../apply/kernel/errors.ts';
import { SandboxError } from '../apply/sandbox/error.ts';
import { cacheFolder } from '../apply/sandbox/vm/cache.ts';
import { cachedKernels } from '../apply/sandbox/vm/kernel.ts';
import { lastBoot } from '../apply/sandbox/vm/machine.ts';
import { DEFAULT_PLUGIN_PATH } from '../parse/schema/cni.ts';
import { type Examined, examineFeatures } from './examine.ts';
import { FEATURES } from './features.ts';
import { remediesOf } from './remedies.ts';
import type { Sandbox } from './sandbox.ts';

export interface Finding {
  readonly about: 'programs' | 'kernel' | 'virtual machines';
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
  readonly version: string;
}

const TOOLS: readonly Tool[] = [
  { program: 'unshare', neededFor: 'sandboxes', required: true, version: '--version' },
  { program: 'setpriv', neededFor: 'sandboxes', required: true, version: '--version' },
  { program: 'ip', neededFor: 'plans run by hand, state checks', required: true, version: '-V' },
  { program: 'iptables-restore', neededFor: 'kube-proxy and flannel rules', required: true, version: '--version' },
  { program: 'tcpdump', neededFor: 'captures', required: true, version: '--version' },
  { program: 'hostname', neededFor: 'exec, shell, checks of what a place finds', version: '--version' },
  { program: 'conntrack', neededFor: 'tunnels over UDP, changes of UDP Services, trace --rules', version: '--version' },
  { program: 'nft', neededFor: 'kube-proxy mode nftables, trace --rules, diff', version: '--version' },
  { program: 'ipset', neededFor: 'kube-proxy mode ipvs', version: '--version' },
  { program: 'ipvsadm', neededFor: 'kube-proxy mode ipvs', version: '--version' },
  {
    program: 'bird',
    neededFor: 'cni mode calico-bgp, load balancer metallb-bgp, router advertisements',
    version: '--version',
  },
  { program: 'nginx', neededFor: 'Ingress controllers', version: '-v' },
];

const MACHINE_TOOLS: readonly Tool[] = [
  { program: 'qemu-system-x86_64', neededFor: 'virtual machines', version: '--version' },
  { program: 'busybox', neededFor: 'virtual machines', version: '--help' },
];

/** Tools, the features of the sandbox's kernel, and what virtual machines need, in a fixed order. */
export async function examineMachine(open: () => Promise<Sandbox>): Promise<Finding[]> {
  const tools = await Promise.all(TOOLS.map((tool) => examineTool(tool, 'programs')));
  const kernel = await examineKernel(open);
  const machineTools = await Promise.all(MACHINE_TOOLS.map((tool) => examineTool(tool, 'virtual machines')));
  return [...tools, cniPlugins(), ...kernel, ...machineTools, guestKernel(), acceleration(), bootTime()];
}

async function examineTool(tool: Tool, about: Finding['about']): Promise<Finding> {
  const { program, neededFor, required = false, version } = tool;
  const base = { about, name: program, neededFor, required };
  try {
    const { stdout, stderr } = await run([program, version]);
    return { ...base, present: true, detail: versionIn(`${stdout}\n${stderr}`) };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const debianPackage = PACKAGES[program];
    return { ...base, present: false, detail: 'not installed', ...(debianPackage && { debianPackage }) };
  }
}

/** Those in the folders that are searched when nobody names any. */
function cniPlugins(): Finding {
  const base = { about: 'programs' as const, name: 'CNI plugins', neededFor: 'cni mode plugins', required: false };
  const found = DEFAULT_PLUGIN_PATH.filter((folder) => existsSync(folder)).flatMap((folder) => {
    const plugins = readdirSync(folder).sort();
    return plugins.length > 0 ? [`${plugins.join(', ')} in ${folder}`] : [];
  });
  if (found.length > 0) return { ...base, present: true, detail: found.join('; ') };
  const detail = `none in ${DEFAULT_PLUGIN_PATH.join(', ')}`;
  return { ...base, present: false, detail, debianPackage: 'containernetworking-plugins' };
}

/** Every program has its own way to say it; what modprobe says is about the kernel. */
function versionIn(text: string): string {
  const lines = text.split('\n').filter((line) => !line.startsWith('modprobe:'));
  return /\bv?(\d+(?:\.\d+)+)/.exec(lines.join('\n'))?.[1] ?? '';
}

async function examineKernel(open: () => Promise<Sandbox>): Promise<Finding[]> {
  const base = { about: 'kernel' as const, neededFor: 'everything', required: true };
  try {
    const sandbox = await open();
    const { client, close } = await sandbox.startAgent();
    const { kernel } = await client.call('hello');
    const examined = await examineFeatures(client, FEATURES).finally(close);
    const found = { ...base, name: `${sandbox.kind} sandbox`, present: true, detail: `Linux ${kernel}` };
    return [found, ...(await Promise.all(examined.map((each) => featureFinding(each, sandbox))))];
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    const { message, remedy } = error;
    return [{ ...base, name: 'sandbox', present: false, detail: message, ...(remedy !== undefined && { remedy }) }];
  }
}

async function featureFinding({ feature, missing }: Examined, { kind }: Sandbox): Promise<Finding> {
  const { name, neededFor, usedBy } = feature;
  const base = { about: 'kernel' as const, name, neededFor, required: usedBy === undefined };
  if (missing === undefined) return { ...base, present: true, detail: '' };
  const remedies = [
    ...(kind === 'vm' ? [] : await remediesOf([feature])),
    kind === 'vm' ? 'another kernel: --kernel' : 'a virtual machine, which labs that need it get by themselves',
  ];
  return { ...base, present: false, detail: missing, remedy: remedies.join(', or ') };
}

const MACHINES = { about: 'virtual machines', neededFor: 'virtual machines', required: false } as const;

function guestKernel(): Finding {
  const kernels = cachedKernels().map(({ release }) => release);
  const detail =
    kernels.length > 0
      ? `${kernels.join(', ')} in ${cacheFolder('kernels')}`
      : 'none yet: the first lab that needs one fetches it';
  return { ...MACHINES, name: 'kernel', present: kernels.length > 0, detail };
}

function acceleration(): Finding {
  const base = { ...MACHINES, name: 'KVM' };
  if (!existsSync(KVM))
    return { ...base, present: false, detail: `there is no ${KVM}: machines are emulated, and slow` };
  if (!isWritable(KVM))
    return {
      ...base,
      present: false,
      detail: `${KVM} is not for this user: machines are emulated, and slow`,
      remedy: 'sudo usermod -aG kvm $USER, then log in again',
    };
  if (lastBoot()?.acceleration === 'tcg')
    return {
      ...base,
      present: false,
      detail: 'no machine came up with it: they are emulated, and slow',
      remedy: 'packetwalk doctor --sandbox vm tries again',
    };
  return { ...base, present: true, detail: '' };
}

const KVM = '/dev/kvm';

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

function bootTime(): Finding {
  const boot = lastBoot();
  const base = { ...MACHINES, name: 'last boot', present: boot !== undefined };
  if (!boot) return { ...base, detail: 'none yet: packetwalk doctor --sandbox vm makes one' };
  const how = boot.acceleration === 'kvm' ? 'with KVM' : 'emulated';
  return { ...base, detail: `Linux ${boot.kernel}, ${how}, in ${(boot.bootMs / 1000).toFixed(1)} s` };
}
