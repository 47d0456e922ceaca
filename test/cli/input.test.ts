/** What paths and option values mean. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultName, expandPaths, oneOf, readSource, readSources, someOf, unique } from '../../src/cli/input.ts';
import { UsageError } from '../../src/cli/output.ts';
import { MAX_SOURCE_BYTES } from '../../src/parse/yaml.ts';

function complaint(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    if (error instanceof UsageError) return `${error.message} | ${error.help}`;
    throw error;
  }
  return 'none';
}

describe('the name of a lab without one', () => {
  it.each([
    ['topologies/nodeport-snat.yaml', 'nodeport-snat'],
    ['web.yml', 'web'],
    ['web.json', 'web'],
    ['folder/', 'folder'],
    ['/a/b/My Web_Shop (2).yaml', 'my-web-shop-2'],
    ['-web-.yaml', 'web'],
    ['web.v2.yaml', 'web-v2'],
    ['größe.yaml', 'gr-e'],
    ['-', 'lab'],
    ['.', 'lab'],
    ['/', 'lab'],
    ['日本.yaml', 'lab'],
    ['', 'lab'],
    [undefined, 'lab'],
  ])('of %j is %s', (path, name) => {
    expect(defaultName(path)).toBe(name);
  });

  it('is one that a lab may have, however long the file’s is', () => {
    const names = ['a'.repeat(80), `${'a'.repeat(62)}-bcd`, `${'a-'.repeat(40)}`].map((name) =>
      defaultName(`${name}.yaml`),
    );
    for (const name of names) expect(name).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
  });
});

describe('a value that must be one of several', () => {
  const MODES = ['vxlan', 'host-gw', 'bridge'] as const;

  it('is that value', () => {
    expect(oneOf('--cni', ['bridge', 'vxlan'], MODES)).toEqual(['bridge', 'vxlan']);
    expect(oneOf('--cni', [], MODES)).toEqual([]);
  });

  it('misspelt is refused with a guess and the list', () => {
    expect(complaint(() => oneOf('--cni', ['vxlan', 'hostgw'], MODES))).toBe(
      '--cni cannot be "hostgw" | did you mean "host-gw"? allowed: vxlan, host-gw, bridge',
    );
  });

  it('unlike any is refused with the list alone', () => {
    expect(complaint(() => oneOf('--cni', ['calico-ebpf'], MODES))).toBe(
      '--cni cannot be "calico-ebpf" | allowed: vxlan, host-gw, bridge',
    );
    expect(complaint(() => oneOf('--cni', [''], MODES))).toMatch(/^--cni cannot be "" \| allowed/);
  });
});

describe('several values', () => {
  const MODES = ['vxlan', 'host-gw', 'bridge'] as const;

  it('are those that are named, or all', () => {
    expect(someOf('--cni', ['bridge', 'vxlan'], MODES)).toEqual(['bridge', 'vxlan']);
    expect(someOf('--cni', [], MODES)).toEqual([]);
    expect(someOf('--cni', ['all'], MODES)).toEqual(MODES);
    expect(someOf('--cni', ['bridge', 'all'], MODES)).toEqual(MODES);
  });

  it('are refused as a single one is', () => {
    expect(complaint(() => someOf('--cni', ['all', 'hostgw'], MODES))).toBe(
      '--cni cannot be "hostgw" | did you mean "host-gw"? allowed: vxlan, host-gw, bridge, all',
    );
  });
});

describe('paths', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'packetwalk-paths-'));
    for (const path of ['b', 'a', 'node_modules/x', '.git']) mkdirSync(join(folder, path), { recursive: true });
    for (const path of [
      'z.yaml',
      'a/two.yml',
      'a/one.json',
      'b/notes.md',
      'node_modules/x/x.yaml',
      '.git/x.yaml',
      '.hidden.yaml',
    ])
      writeFileSync(join(folder, path), 'kind: Topology\n');
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('that are folders stand for the YAML and JSON files below them, in order', () => {
    expect(expandPaths([folder])).toEqual(['a/one.json', 'a/two.yml', 'z.yaml'].map((path) => join(folder, path)));
  });

  it('that are files stand for themselves, whatever they are called', () => {
    const notes = join(folder, 'b/notes.md');
    expect(expandPaths([notes, '-', join(folder, 'z.yaml')])).toEqual([notes, '-', join(folder, 'z.yaml')]);
  });

  it('that are nothing are refused', () => {
    expect(complaint(() => expandPaths([join(folder, 'none.yaml')]))).toContain('there is no file or folder');
  });

  it('to folders without such files are refused: nothing is not a lab', () => {
    expect(complaint(() => expandPaths([join(folder, 'b')]))).toContain('there is no YAML or JSON file in the folder');
    expect(complaint(() => expandPaths(['']))).toContain('there is no file or folder ""');
  });

  it('to files that are empty, all of them, are refused', () => {
    const path = join(folder, 'empty.yaml');
    writeFileSync(path, ' \n\n');
    expect(complaint(() => readSources([path]))).toContain(`there is nothing in ${path}`);
    expect(readSources([path, join(folder, 'z.yaml')])).toHaveLength(2);
    rmSync(path);
  });

  it('to files too large to be input are not read', () => {
    const path = join(folder, 'large.yaml');
    writeFileSync(path, Buffer.alloc(MAX_SOURCE_BYTES + 1, ' '));
    expect(readSource(path)).toEqual({ name: path, text: '', bytes: MAX_SOURCE_BYTES + 1 });
    expect(readSources([path])).toHaveLength(1);
    rmSync(path);
  });

  it('to files are read as text', () => {
    const path = join(folder, 'z.yaml');
    expect(readSource(path)).toEqual({ name: path, text: 'kind: Topology\n' });
  });
});

describe('a diagnostic that several labs share', () => {
  const diagnostic = (line: number) => ({
    severity: 'error' as const,
    code: 'unknown-field',
    message: 'x',
    at: { file: 'a.yaml', line, column: 1, length: 1, text: 'x' },
  });

  it('is shown once, where it came first', () => {
    const all = [diagnostic(1), diagnostic(2), diagnostic(1)];
    expect(unique(all).map(({ at }) => at?.line)).toEqual([1, 2]);
  });
});
