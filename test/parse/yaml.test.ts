/** From text to YAML documents: what is no YAML is refused at its place, what YAML readers disagree about is pointed out. */
import { describe, expect, it } from 'vitest';
import { Diagnostics } from '../../src/diagnostic.ts';
import { parse } from '../../src/parse/index.ts';
import { MAX_SOURCE_BYTES } from '../../src/parse/yaml.ts';
import { brief, problems, read } from './read.ts';
import { yaml } from './yaml-text.ts';

const POD = yaml`
  apiVersion: v1
  kind: Pod
  metadata: { name: a }
  spec: { containers: [{ name: app }] }
`;

describe('a stream of documents', () => {
  it('is read in order, over all sources', () => {
    const { manifests, diagnostics } = read(
      `${POD}---\n${POD.replace('name: a', 'name: b')}`,
      POD.replace('name: a', 'name: c'),
    );
    expect(diagnostics).toEqual([]);
    expect(manifests.map(({ kind, object, origin }) => [kind, object.metadata?.name, origin])).toEqual([
      ['Pod', 'a', { file: 'a.yaml', line: 2 }],
      ['Pod', 'b', { file: 'a.yaml', line: 7 }],
      ['Pod', 'c', { file: 'b.yaml', line: 2 }],
    ]);
  });

  it.each([
    ['nothing', ''],
    ['blanks and comments', '\n  \n# only a comment\n'],
    ['separators', '---\n---\n...\n---\n'],
    ['null documents', '---\nnull\n---\n~\n'],
  ])('may hold %s: no manifest and no complaint', (_, text) => {
    expect(read(text)).toEqual({ manifests: [], diagnostics: [] });
  });

  it('skips empty documents between others', () => {
    const { manifests, diagnostics } = read(`---\n---\n${POD}---\n# nothing\n---\n${POD}`);
    expect(diagnostics).toEqual([]);
    expect(manifests.map(({ origin }) => origin.line)).toEqual([4, 11]);
  });

  it('may end its lines the way Windows does', () => {
    const text = `${POD}---\n${POD}`.replace('name: a', 'nmae: a').replaceAll('\n', '\r\n');
    const { manifests, diagnostics } = read(text);
    expect(manifests).toHaveLength(1);
    expect(diagnostics.map(brief)).toEqual(['3:11 missing-field', '3:13 unknown-field']);
    expect(diagnostics[1]!.at!.text).toBe('metadata: { nmae: a }');
  });

  it('may start with a byte order mark', () => {
    expect(read(`\uFEFF${POD}`)).toMatchObject({ manifests: [{ kind: 'Pod' }], diagnostics: [] });
  });

  it('keeps the documents that are sound when another is not', () => {
    const { manifests, diagnostics } = read(`a: [1\n---\n${POD}`);
    expect(manifests.map(({ kind }) => kind)).toEqual(['Pod']);
    expect(diagnostics.length).toBeGreaterThan(0);
    expect(diagnostics.every(({ severity, at }) => severity === 'error' && at !== undefined)).toBe(true);
  });
});

describe('a mistake in the YAML is shown where it stands:', () => {
  it.each([
    ['a key that stands twice', 'kind: Pod\nmetadata:\n  name: a\n  name: b\n', ['4:3 duplicate-key']],
    ['a key that stands twice on one line', 'metadata: { name: a, name: b }\n', ['1:22 duplicate-key']],
    ['a tab as indentation', 'metadata:\n\tname: a\n', ['2:1 tab-as-indent']],
    ['a quote that is not closed', 'kind: "Pod\n', ['2:1 missing-char']],
    ['a line that belongs nowhere', 'metadata:\n    name: a\n  kind: b\n', ['3:1 bad-indent']],
    ['a key that is no text', '? [a, b]\n: c\n', ['1:3 non-string-key']],
  ])('%s', (_, text, expected) => {
    expect(problems(text)).toEqual(expected);
  });

  it('a duplicate key is underlined as a whole', () => {
    expect(read('spec:\n  replicas: 1\n  replicas: 2\n').diagnostics[0]!.at).toMatchObject({
      line: 3,
      column: 3,
      length: 'replicas'.length,
      text: '  replicas: 2',
    });
  });

  it('a second one is shown at its own line, however the first one is broken', () => {
    const { diagnostics } = read('spec: "a" b\n  c\nkind: d: e\n');
    expect(diagnostics.map(({ at }) => [at!.line, at!.column, at!.text])).toEqual([
      [1, 11, 'spec: "a" b'],
      [3, 7, 'kind: d: e'],
    ]);
  });

  it('its message is one line without a stop', () => {
    for (const text of ['a: "b\n', 'a: [1\n', 'a:\n\tb: 1\n', 'a: *b\n', '%YAML 9.9\n---\na: !x b\n']) {
      for (const { message } of read(text).diagnostics) expect(message).toMatch(/^[^A-Z\n][^\n]*[^.\n]$/);
    }
  });
});

describe('text that cannot be a manifest is refused before anything is made of it:', () => {
  it('a file too large to be read, by its size alone', () => {
    const diagnostics = new Diagnostics();
    const manifests = parse([{ name: 'huge.yaml', text: '', bytes: 50 * 1024 * 1024 }], diagnostics);
    expect(manifests).toEqual([]);
    expect(diagnostics.all).toEqual([
      {
        severity: 'error',
        code: 'too-large',
        message: 'huge.yaml has 50 MiB',
        help: 'at most 16 MiB are read; split the file',
      },
    ]);
  });

  it('a text larger than the limit, counted in bytes', () => {
    const comment = (bytes: number) => `#${'é'.repeat((bytes - 1) / 2)}`;
    expect(problems(comment(MAX_SOURCE_BYTES - 1))).toEqual([]);
    expect(problems(comment(MAX_SOURCE_BYTES + 1))).toEqual(['too-large']);
  });

  it.each([
    ['a zero byte', 'apiVersion: v1\0'],
    ['what was no UTF-8', 'kind: \uFFFD'],
    ['an ELF program', '\x7fELF\x02\x01\x01\0\0'],
    ['what a terminal would obey', 'kind: \x1b[31mPod'],
    ['half a character', 'kind: \uD800'],
  ])('%s', (_, text) => {
    expect(problems(text)).toEqual(['not-yaml']);
  });

  it('and the offending byte is counted in bytes', () => {
    expect(read('é\0').diagnostics[0]!.message).toBe('a.yaml is not text: byte 2 is not a character YAML allows');
  });

  it('a nesting no manifest has', () => {
    const { manifests, diagnostics } = read('['.repeat(100_000));
    expect(manifests).toEqual([]);
    expect(diagnostics.length).toBe(1);
    expect(diagnostics[0]).toMatchObject({ code: 'too-deep', message: 'a.yaml is nested too deeply to be read' });
  });

  it.each([
    ['[', '1:200'],
    ['- ', '1:399'],
    ['{ a: ', '1:996'],
    ['? ', '1:399'],
  ])('a nesting of %j, shown where it becomes too deep; the documents before it are read', (level, where) => {
    const { manifests, diagnostics } = read(`${POD}---\n${level.repeat(5_000)}`);
    expect(manifests).toHaveLength(1);
    expect(diagnostics.map(brief)).toEqual([`${where.replace('1:', '6:')} too-deep`]);
  });

  it.each([100, 1_000, 3_000, 10_000, 30_000])('or is %i levels deep in a field that is not looked at', (depth) => {
    const text = `${POD}status: { x: ${'['.repeat(depth)}${']'.repeat(depth)} }\n`;
    expect(() => read(text)).not.toThrow();
  });
});

describe('aliases', () => {
  it('stand for what they name, and a mistake is shown where it is used', () => {
    const { manifests, diagnostics } = read(yaml`
      apiVersion: v1
      kind: Pod
      metadata: { name: a, labels: &labels { app: web }, annotations: *labels }
      spec: { containers: [{ name: app }] }
    `);
    expect(diagnostics).toEqual([]);
    expect(manifests[0]!.object).toMatchObject({ metadata: { annotations: { app: 'web' } } });
    expect(problems('apiVersion: &version v1\nkind: *version\n')).toEqual(['2:7 unknown-kind']);
  });

  it('without an anchor are reported by name, where they stand', () => {
    const [only, ...others] = read('metadata: *nobody\n').diagnostics;
    expect(others).toEqual([]);
    expect(only).toMatchObject({ message: expect.stringContaining('nobody'), at: { line: 1, column: 11 } });
  });

  it('are each reported, and only those', () => {
    expect(problems('a: *a\nb: &b [x]\nc: [*b, *c]\nd: &d [*d]\n')).toEqual([
      '1:4 unknown-alias',
      '3:9 unknown-alias',
      '4:8 alias-cycle',
    ]);
  });

  it('stand for the nearest anchor before them', () => {
    const text = yaml`
      apiVersion: v1
      kind: Pod
      metadata: { name: a, labels: { a: &it x, b: *it, c: &it y, d: *it } }
      spec: { containers: [{ name: app }] }
    `;
    expect(read(text).manifests[0]!.object.metadata!.labels).toEqual({ a: 'x', b: 'x', c: 'y', d: 'y' });
  });

  it('may be many', () => {
    const { manifests, diagnostics } = read(yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        hosts: [{ name: client, listen: [80] }]
        checks: [{ name: a, expect: &delivered { outcome: delivered } }${', { name: b, expect: *delivered }'.repeat(500)}]
    `);
    expect(diagnostics).toEqual([]);
    expect(manifests).toMatchObject([{ object: { spec: { checks: { length: 501 } } } }]);
  });

  it('cannot nest deeper than brackets can', () => {
    const lines = Array.from(
      { length: 5_000 },
      (_, index) => `- &a${index} [${index === 0 ? '' : `*a${index - 1}`}]\n`,
    );
    expect(problems(lines.join(''))).toEqual(['1:1 alias-bomb']);
  });

  it('cannot blow a small text up', () => {
    const levels = 'abcdefghi';
    const text = [...levels]
      .map((level, index) => `${level}: &${level} [${Array(9).fill(index === 0 ? 'lol' : `*${levels[index - 1]}`)}]`)
      .join('\n');
    const started = performance.now();
    expect(problems(text)).toEqual(['1:1 alias-bomb']);
    expect(performance.now() - started).toBeLessThan(2_000);
  });

  it.each([
    ['a list', 'apiVersion: v1\nkind: List\nitems: &items [*items]\n'],
    ['a mapping', 'apiVersion: v1\nkind: Pod\nmetadata: &meta { name: a, labels: *meta }\n'],
    ['a document', '&all [*all]\n'],
  ])('that make %s contain itself are refused', (_, text) => {
    expect(read(text).manifests).toEqual([]);
    expect(problems(text).length).toBeGreaterThan(0);
  });
});

describe('a plain word that kubectl, a YAML 1.1 reader, takes for something else', () => {
  const withLabel = (value: string) => yaml`
    apiVersion: v1
    kind: Pod
    metadata: { name: a, labels: { is: ${value} } }
    spec: { containers: [{ name: app }] }
  `;

  it.each(['yes', 'Yes', 'YES', 'no', 'on', 'Off', 'y', 'N'])('%s is kept as text, with a warning', (word) => {
    const { manifests, diagnostics } = read(withLabel(word));
    expect(diagnostics.map(brief)).toEqual(['~3:36 yaml-1.1']);
    expect(diagnostics[0]).toMatchObject({
      message: `kubectl reads ${word} as a boolean, this tool as written`,
      help: 'quote it to mean the same everywhere',
    });
    expect(manifests[0]!.object.metadata?.labels).toEqual({ is: word });
  });

  it.each(['"yes"', "'no'", 'yesterday', 'none', 'Yeah'])('%s needs no warning', (word) => {
    expect(problems(withLabel(word))).toEqual([]);
  });

  it('is kept as text also where the document says to be YAML 1.1', () => {
    const { manifests, diagnostics } = read(`%YAML 1.1\n---\n${withLabel('yes')}`);
    expect(diagnostics.map(brief)).toEqual(['~5:36 yaml-1.1']);
    expect(manifests[0]!.object.metadata?.labels).toEqual({ is: 'yes' });
  });

  it('010 is ten here and eight there', () => {
    const { manifests, diagnostics } = read(yaml`
      apiVersion: v1
      kind: Service
      metadata: { name: a }
      spec: { ports: [{ port: 010 }] }
    `);
    expect(diagnostics.map(brief)).toEqual(['~4:25 yaml-1.1']);
    expect(diagnostics[0]!.message).toBe('kubectl reads 010 as an octal number, this tool as written');
    expect(manifests[0]!.object).toMatchObject({ spec: { ports: [{ port: 10 }] } });
  });

  it('a warning is given for the last of many values, however deep', () => {
    expect(problems('apiVersion: v1\nkind: ConfigMap\ndata: { a: [x, { b: [1, off] }] }\n')).toEqual([
      '~2:7 not-emulated',
      '~3:25 yaml-1.1',
    ]);
  });
});
