/** What a machine can run: tried out in a sandbox of its own, not guessed from versions. */
import { PACKAGES, run } from '../apply/kernel/command.ts';
import { KernelError } from '../apply/kernel/errors.ts';
import type { SandboxKind } from '../apply/sandbox/index.ts';
import { type AgentClient, SandboxError, startAgent } from './client.ts';

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
  readonly required: boolean;
  readonly version: readonly string[];
}

const TOOLS: readonly Tool[] = [
  { program: 'unshare', neededFor: 'sandboxes', required: true, version: ['--version'] },
  { program: 'setpriv', neededFor: 'sandboxes', required: true, version: ['--version'] },
  { program: 'ip', neededFor: 'plans run by hand, state checks', required: true, version: ['-V'] },
  { program: 'iptables-restore', neededFor: 'kube-proxy and flannel rules', required: true, version: ['--version'] },
  { program: 'tcpdump', neededFor: 'captures', required: true, version: ['--version'] },
  { program: 'xtables-monitor', neededFor: 'trace --rules', required: false, version: ['--version'] },
  { program: 'conntrack', neededFor: 'trace --rules', required: false, version: ['--version'] },
  { program: 'nft', neededFor: 'looking at rules', required: false, version: ['--version'] },
];

interface KernelFeature {
  readonly name: string;
  readonly neededFor: string;
  readonly required: boolean;
  /** Run in a fresh namespace; exit code 0 means the kernel has it. */
  readonly probe: readonly string[];
  readonly remedy: string;
}

const module = (name: string) => `sudo modprobe ${name}, or a kernel that has it`;

const FEATURES: readonly KernelFeature[] = [
  {
    name: 'veth',
    neededFor: 'every link',
    required: true,
    probe: ['ip', 'link', 'add', 'pw0', 'type', 'veth'],
    remedy: module('veth'),
  },
  {
    name: 'bridge',
    neededFor: 'networks, cni0',
    required: true,
    probe: ['ip', 'link', 'add', 'pw1', 'type', 'bridge'],
    remedy: module('bridge'),
  },
  {
    name: 'vxlan',
    neededFor: 'cni mode vxlan',
    required: false,
    probe: ['ip', 'link', 'add', 'pw2', 'type', 'vxlan', 'id', '1', 'dstport', '8472'],
    remedy: module('vxlan'),
  },
  {
    name: 'br_netfilter',
    neededFor: 'Services between pods of one node',
    required: true,
    probe: ['sysctl', '-n', 'net.bridge.bridge-nf-call-iptables'],
    remedy: module('br_netfilter'),
  },
  {
    name: 'iptables nat',
    neededFor: 'kube-proxy mode iptables',
    required: true,
    probe: [
      'iptables',
      '-t',
      'nat',
      '-A',
      'POSTROUTING',
      '-m',
      'comment',
      '--comment',
      'probe',
      '-j',
      'MASQUERADE',
      '--random-fully',
    ],
    remedy: module('nf_nat'),
  },
  {
    name: 'statistic match',
    neededFor: 'several endpoints',
    required: true,
    probe: ['iptables', '-A', 'FORWARD', '-m', 'statistic', '--mode', 'random', '--probability', '0.5'],
    remedy: module('xt_statistic'),
  },
  {
    name: 'recent match',
    neededFor: 'session affinity',
    required: false,
    probe: ['iptables', '-A', 'FORWARD', '-m', 'recent', '--name', 'pw', '--set'],
    remedy: module('xt_recent'),
  },
  {
    name: 'SCTP',
    neededFor: 'SCTP Services',
    required: false,
    probe: ['sysctl', '-n', 'net.sctp.max_autoclose'],
    remedy: module('sctp'),
  },
];

/** Every tool and kernel feature, in a fixed order. */
export async function examineMachine(sandbox: SandboxKind): Promise<Finding[]> {
  const tools = await Promise.all(TOOLS.map(examineTool));
  return [...tools, ...(await examineKernel(sandbox))];
}

async function examineTool({ program, neededFor, required, version }: Tool): Promise<Finding> {
  const base = { name: program, neededFor, required };
  try {
    const { stdout, stderr } = await run([program, ...version]);
    return { ...base, present: true, detail: (stdout || stderr).split('\n')[0]!.trim() };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    const debianPackage = PACKAGES[program];
    return { ...base, present: false, detail: 'not installed', ...(debianPackage && { debianPackage }) };
  }
}

const NAMESPACE = 'doctor';

async function examineKernel(sandbox: SandboxKind): Promise<Finding[]> {
  const base = { name: `${sandbox} sandbox`, neededFor: 'everything', required: true };
  let agent: Awaited<ReturnType<typeof startAgent>>;
  try {
    agent = await startAgent(sandbox);
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    return [
      { ...base, present: false, detail: error.message, ...(error.remedy !== undefined && { remedy: error.remedy }) },
    ];
  }
  try {
    const { kernel } = await agent.client.call('hello');
    const origin = { file: '<doctor>', line: 1 };
    await agent.client.call('apply', { operations: [{ kind: 'add-namespace', namespace: NAMESPACE, origin }] });
    const features: Finding[] = [];
    for (const feature of FEATURES) features.push(await examineFeature(feature, agent.client));
    return [{ ...base, present: true, detail: `Linux ${kernel}` }, ...features];
  } finally {
    await agent.close();
  }
}

async function examineFeature(
  { name, neededFor, required, probe, remedy }: KernelFeature,
  client: AgentClient,
): Promise<Finding> {
  const base = { name, neededFor, required };
  try {
    const { exitCode, stderr } = await client.call('run', { namespace: NAMESPACE, argv: probe });
    if (exitCode === 0) return { ...base, present: true, detail: '' };
    return { ...base, present: false, detail: stderr.trim().split('\n').at(-1) ?? '', remedy };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { ...base, present: false, detail: error.details.cause };
  }
}
