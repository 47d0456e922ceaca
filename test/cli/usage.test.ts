/** Command lines whose parts do not go together, and inputs that hold nothing, are refused before anything is built. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { run as capture } from '../../src/cli/capture.ts';
import { program } from '../../src/cli/commands.ts';
import { run as inspect } from '../../src/cli/inspect.ts';
import { UsageError } from '../../src/cli/output.ts';
import { type Options as TestOptions, run as test } from '../../src/cli/test.ts';

const folder = mkdtempSync(join(tmpdir(), 'packetwalk-usage-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function complaint(action: Promise<unknown>): Promise<string> {
  const error = await action.then(
    () => 'none',
    (reason: unknown) => reason,
  );
  if (!(error instanceof UsageError)) throw error;
  return `${error.message} | ${error.help}`;
}

const namespace = 'default';

describe('test', () => {
  const options: TestOptions = {
    reporter: [],
    outputFile: [],
    fault: [],
    cni: [],
    proxy: [],
    namespace,
    sandbox: 'auto',
  };

  it('needs a Topology among the files of a folder', async () => {
    writeFileSync(join(folder, 'service.yaml'), 'apiVersion: v1\nkind: Service\n');
    expect(await complaint(test([folder], options))).toBe(
      `no file in ${folder} has a Topology | name a file to have it tested without one`,
    );
  });

  it('cannot keep two labs of one name', async () => {
    const twice = { ...options, keep: true, cni: ['vxlan', 'host-gw'] };
    expect(await complaint(test(['topologies/ping.yaml'], twice))).toMatch(/would be several called ping/);
  });
});

describe('trace', () => {
  const trace = (...words: string[]) =>
    complaint(program().parseAsync(['trace', 'pod/a', 'pod/web-0', ...words], { from: 'user' }));

  afterEach(() => vi.unstubAllEnvs());

  it.each([
    ['--cni', 'vxlan'],
    ['--proxy', 'iptables'],
    ['--fault', 'no-dnat'],
    ['--sandbox', 'root'],
    ['--kernel', '6.1'],
  ])('cannot build a running lab with %s', async (name, value) => {
    expect(await trace(name, value)).toMatch(new RegExp(`^${name} is for a lab of the trace's own \\| add -f FILE`));
  });

  it('is not told by the environment how a running lab was built', async () => {
    vi.stubEnv('XDG_RUNTIME_DIR', folder);
    vi.stubEnv('PACKETWALK_SANDBOX', 'vm');
    expect(await trace()).toMatch(/^no lab is running/);
  });

  it('sends from an address of the sender only', async () => {
    const from = (source: string) => trace('-f', 'topologies/ping.yaml', '--source', source);
    for (const source of ['1.2.3.4', '::1', 'x'])
      expect(await from(source)).toBe(`pod/a has no address ${source} | it has 10.244.1.2`);
  });
});

describe('inspect', () => {
  it('shows one lab: a running one or that of the files', async () => {
    const options = { file: ['topologies/ping.yaml'], output: 'text', namespace };
    expect(await complaint(inspect('web', options))).toMatch(/^the running lab web, or the one in the files of -f\?/);
  });
});

describe('capture', () => {
  it('reads all of a file: a place or filter would be ignored', async () => {
    expect(await complaint(capture('udp', ['port', '53'], { read: 'a.pcap', namespace }))).toMatch(
      /^-r prints all of a file \| tcpdump/,
    );
  });
});
