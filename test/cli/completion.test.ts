/** What the completion scripts are told, and what they are. */
import { afterEach, describe, expect, it, vi } from 'vitest';
import { complete, run } from '../../src/cli/completion.ts';
import { CNI_MODES } from '../../src/parse/schema/cni.ts';
import { PROXY_MODES } from '../../src/parse/schema/proxy.ts';
import { FAULT_NAMES } from '../../src/parse/schema/topology.ts';

afterEach(() => void vi.restoreAllMocks());

async function printed(action: () => Promise<unknown>): Promise<string> {
  let text = '';
  vi.spyOn(console, 'log').mockImplementation((line) => {
    text += `${line}\n`;
  });
  vi.spyOn(process.stdout, 'write').mockImplementation((words) => {
    text += String(words);
    return true;
  });
  await action();
  vi.restoreAllMocks();
  return text;
}

/** The words that are offered, and last whether file names may be, too (0) or not (4). */
async function offered(...words: string[]): Promise<string[]> {
  const lines = (await printed(() => complete(words))).trimEnd().split('\n');
  return lines.map((line) => line.split('\t')[0]!);
}

describe('completion', () => {
  it('offers the commands that are meant for people', async () => {
    expect(await offered('com')).toEqual(['completion', ':4']);
    expect(await offered('te')).toEqual(['test', ':4']);
  });

  it('offers the options of a command', async () => {
    expect(await offered('plan', '--na')).toEqual(['--name', '--namespace', ':4']);
  });

  it('offers the values of an option', async () => {
    expect(await offered('test', '--reporter', 'j')).toEqual(['json', 'junit', ':4']);
    expect(await offered('up', '--cni', '')).toEqual([...CNI_MODES, ':4']);
    expect(await offered('test', '--cni', '')).toEqual([...CNI_MODES, 'all', ':4']);
    expect(await offered('diff', '--proxy', '')).toEqual([...PROXY_MODES, 'all', ':4']);
    expect(await offered('plan', '--proxy', '')).toEqual([...PROXY_MODES, ':4']);
    expect(await offered('up', '--fault', '')).toEqual([...FAULT_NAMES, ':4']);
    expect(await offered('lint', '-o', '')).toEqual(['text', 'json', ':4']);
  });

  it('leaves it to the shell to offer files where files are wanted', async () => {
    expect(await offered('test', 'topo')).toEqual([':0']);
    expect(await offered('plan', '-f', '')).toEqual([':0']);
  });
});

describe('the script for bash', () => {
  it('can be sourced twice in silence, and falls back to file names', async () => {
    const script = await printed(() => run('bash'));
    expect(script).toMatch(/^\{\n# bash completion for packetwalk/);
    expect(script).toMatch(/\n\} 2>\/dev\/null\ncomplete -o default -F __packetwalk_complete packetwalk\n$/);
    expect(script).toContain('__packetwalk_complete() {');
  });
});
