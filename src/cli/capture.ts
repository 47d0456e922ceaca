/** packetwalk capture: tcpdump at a place of a running lab, or a capture file read back. */
import { createWriteStream, openSync, readFileSync } from 'node:fs';
import { SYSTEM_PATH } from '../apply/kernel/child.ts';
import { readFrames, VXLAN_PORTS } from '../decode/index.ts';
import { PcapError } from '../decode/pcap.ts';
import { formatFrame } from '../report/frame-text.ts';
import { counted } from '../report/layout.ts';
import { runAt } from './exec.ts';
import { unlessInterrupted } from './interrupt.ts';
import { chooseLab, placeIn, resume } from './labs.ts';
import { EXIT, note, print, UsageError } from './output.ts';

export interface Options {
  readonly write?: string;
  readonly read?: string;
  readonly count?: number;
  readonly lab?: string;
  readonly namespace: string;
}

export async function run(text: string | undefined, filter: readonly string[], options: Options): Promise<number> {
  if (options.read !== undefined) {
    if (text !== undefined) throw new UsageError('-r prints all of a file', 'tcpdump -r FILE FILTER filters');
    return readFile(options.read);
  }
  if (text === undefined)
    throw new UsageError('at which place?', 'packetwalk capture node/node1:flannel.1, or -r FILE to read a capture');
  const [place = text, device = 'any'] = text.split(/:(.*)/s);
  const lab = await resume(await chooseLab(options.lab));
  try {
    const { netns } = placeIn(lab, place, options.namespace);
    const argv = ['tcpdump', '-n', '-i', device, '-U', ...(process.getuid?.() === 0 ? ['-Z', 'root'] : [])];
    if (options.count !== undefined) argv.push('-c', String(options.count));
    if (options.write === undefined) return await runAt(lab.agent, netns, [...argv, '-l', ...filter]);
    return await writeCapture(lab.agent, netns, [...argv, '-w', '-', ...filter], options.write);
  } finally {
    lab.agent.close();
  }
}

/** The file is written on this side: nothing of the lab's touches the file system. Ctrl-C ends the capture. */
async function writeCapture(
  agent: Parameters<typeof runAt>[0],
  namespace: string,
  argv: readonly string[],
  path: string,
): Promise<number> {
  const output = path === '-' ? process.stdout : createWriteStream(path, { fd: openSync(path, 'w') });
  const failure = new Promise<never>((_, reject) => output.once('error', reject));
  const execution = agent.exec({ namespace, argv, folder: '/', environment: { PATH: SYSTEM_PATH } }, (event) => {
    if ('stdout' in event) output.write(event.stdout);
    else process.stderr.write(event.stderr);
  });
  const ended = async () => {
    const { exitCode } = await execution.result;
    await new Promise((written) => output.write('', written));
    return exitCode;
  };
  const stop = async () => {
    execution.type({ signal: 'SIGINT' });
    process.exit(await ended());
  };
  return unlessInterrupted(stop, () => Promise.race([ended(), failure]));
}

function readFile(path: string): number {
  const pcap = readFileSync(path);
  let count = 0;
  try {
    readFrames(pcap, '', new Map(), { vxlanPorts: VXLAN_PORTS }, (frame) => {
      count++;
      print(formatFrame(frame));
    });
  } catch (error) {
    if (!(error instanceof PcapError)) throw error;
    throw new UsageError(`${path}: ${error.message}${count > 0 ? ` (after ${count} packets)` : ''}`);
  }
  note(counted(count, 'packet'));
  return EXIT.ok;
}
