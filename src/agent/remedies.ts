/** Missing features in words: what this machine lacks, and how it gets it. */
import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { run } from '../apply/kernel/command.ts';
import { KernelError } from '../apply/kernel/errors.ts';
import type { Feature } from './features.ts';

/** What this machine lacks, as a sentence without its end. */
export function lackOf(features: readonly Feature[]): string {
  const closed = features.filter(isClosed);
  const turnedOff = features.filter((feature) => parameterAgainst(feature) !== undefined);
  const absent = features.filter((feature) => !closed.includes(feature) && !turnedOff.includes(feature));
  return [
    ...(absent.length > 0 ? [`this kernel has no ${absent.map(({ name }) => name).join(', no ')}`] : []),
    ...turnedOff.map((feature) => `${feature.name} is turned off by the kernel parameter ${parameterAgainst(feature)}`),
    ...closed.map(({ device }) => `this user may not open ${device}`),
  ].join(', and ');
}

/** How this machine gets what it lacks: what of it its kernel has as modules, turned off, or for others only. */
export async function remediesOf(features: readonly Feature[]): Promise<string[]> {
  const closed = features.filter(isClosed);
  const parameters = new Set(features.flatMap((feature) => parameterAgainst(feature) ?? []));
  const absent = features.filter((feature) => !closed.includes(feature) && parameterAgainst(feature) === undefined);
  const modules = [...new Set(absent.flatMap((feature) => feature.modules))];
  return [
    ...(modules.length > 0 && (await canLoad(modules)) ? [`sudo modprobe -a ${modules.join(' ')}`] : []),
    ...[...parameters].map((parameter) => `boot this machine without ${parameter}`),
    ...closed.map(({ device }) => `sudo chmod 666 ${device}`),
  ];
}

/** The parameter that turns a feature off on this machine, as it stands on the kernel's command line. */
function parameterAgainst({ parameters = [] }: Feature): string | undefined {
  if (parameters.length === 0) return undefined;
  const given = readFileSync('/proc/cmdline', 'utf8').trim().split(/\s+/);
  return parameters.map((name) => `${name}=1`).find((parameter) => given.includes(parameter));
}

function isClosed({ device }: Feature): boolean {
  if (device === undefined || !existsSync(device)) return false;
  try {
    accessSync(device, constants.R_OK | constants.W_OK);
    return false;
  } catch {
    return true;
  }
}

/** Whether modprobe(8) knows all of these modules for the kernel here. */
async function canLoad(modules: readonly string[]): Promise<boolean> {
  try {
    return (await run(['modprobe', '--dry-run', '--quiet', '--all', ...modules])).exitCode === 0;
  } catch (error) {
    if (error instanceof KernelError) return false;
    throw error;
  }
}
