/** The rules of the code, each with its reason, held against every file of src/. */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

interface Import {
  /** As written, or the path of the file: `src/net/port.ts`. */
  readonly target: string;
  readonly isFile: boolean;
  /** Gone after compilation. */
  readonly typeOnly: boolean;
  /** `import()`: loaded when it is needed. */
  readonly lazy: boolean;
}

interface SourceFile {
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
  /** What is called, as written: `process.stdout.write`. */
  readonly calls: readonly string[];
}

const files: readonly SourceFile[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => readSource(join('src', path)))
  .sort((a, b) => (a.path < b.path ? -1 : 1));

function readSource(path: string): SourceFile {
  const text = readFileSync(path, 'utf8');
  const imports: Import[] = [];
  const calls: string[] = [];
  const add = (specifier: ts.Expression, typeOnly: boolean, lazy = false) => {
    if (!ts.isStringLiteral(specifier)) return;
    const isFile = specifier.text.startsWith('.');
    imports.push({ target: isFile ? join(dirname(path), specifier.text) : specifier.text, isFile, typeOnly, lazy });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node.moduleSpecifier, isTypeOnly(node.importClause));
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node.moduleSpecifier, exportsTypesOnly(node));
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0]!, false, true);
    else if (ts.isCallExpression(node)) calls.push(node.expression.getText());
    else if (ts.isNewExpression(node)) calls.push(`new ${node.expression.getText()}(${node.arguments?.length ?? 0})`);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true));
  return { path, text, imports, calls };
}

function isTypeOnly(clause: ts.ImportClause | undefined): boolean {
  if (!clause) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const names = clause.namedBindings;
  return !clause.name && !!names && ts.isNamedImports(names) && names.elements.every((element) => element.isTypeOnly);
}

function exportsTypesOnly({ isTypeOnly: all, exportClause }: ts.ExportDeclaration): boolean {
  return all || (!!exportClause && ts.isNamedExports(exportClause) && exportClause.elements.every((e) => e.isTypeOnly));
}

/** `src/net/port.ts` → `net`, `src/pipeline.ts` → `pipeline`. */
function layerOf(path: string): string {
  return path.split('/')[1]!.replace(/\.ts$/, '');
}

function isIn(path: string, ...places: readonly string[]): boolean {
  return places.some((place) => path === `src/${place}` || path.startsWith(`src/${place}/`));
}

/** The files that use a package, types apart. */
function usersOf(...names: readonly string[]): string[] {
  return files
    .filter(({ imports }) => imports.some(({ target, typeOnly }) => names.includes(target) && !typeOnly))
    .map(({ path }) => path);
}

/** `FILE → TARGET` for every import that is not allowed. */
function offending(select: (file: SourceFile) => boolean, allowed: (imported: Import, file: SourceFile) => boolean) {
  return files
    .filter(select)
    .flatMap((file) =>
      file.imports.filter((imported) => !allowed(imported, file)).map(({ target }) => `${file.path} → ${target}`),
    );
}

/** Each may import those before it. */
const LAYERS = [
  'net',
  'version',
  'diagnostic',
  'dns',
  'parse',
  'model',
  'compile',
  'fault',
  'plan',
  'apply',
  'probe',
  'capture',
  'decode',
  'stitch',
  'judge',
  'agent',
  'pipeline',
  'report',
  'vitest',
  'cli',
  'index',
];

/** What turns one value into another, and touches nothing else. */
const PURE = [
  'net',
  'version.ts',
  'diagnostic.ts',
  'dns',
  'parse',
  'model',
  'compile',
  'fault',
  'plan',
  'decode',
  'stitch',
  'judge',
  'report',
  'probe/mark.ts',
  'probe/probe.ts',
  'capture/capture.ts',
  'capture/nft-trace.ts',
];
const isPure = ({ path }: { path: string }) => isIn(path, ...PURE);

/** Of Node's own modules: hashes for names, and the event emitter pcap-parser reads from. */
const PURE_MODULES = ['node:crypto', 'node:events'];
const IMPURE_PACKAGES = ['execa', 'koffi', 'commander', 'vitest'];

const points = (imported: string, file: SourceFile) =>
  LAYERS.indexOf(layerOf(imported)) - LAYERS.indexOf(layerOf(file.path));

interface Rule {
  readonly rule: string;
  readonly reason: string;
  /** What breaks it. */
  readonly offenders: () => readonly string[];
}

const RULES: readonly Rule[] = [
  {
    rule: 'every folder and file has its layer',
    reason: 'a new one must say where it stands',
    offenders: () => files.map(({ path }) => layerOf(path)).filter((layer) => !LAYERS.includes(layer)),
  },
  {
    rule: 'layers import backwards only',
    reason: 'the pipeline reads from top to bottom, and each stage can be understood with those before it',
    offenders: () =>
      offending(
        () => true,
        (imported, file) => !imported.isFile || imported.typeOnly || points(imported.target, file) <= 0,
      ),
  },
  {
    rule: 'types are imported backwards only, too',
    reason: 'a type from a later stage would be a hidden dependency',
    offenders: () =>
      offending(
        () => true,
        (imported, file) => !imported.isFile || !imported.typeOnly || points(imported.target, file) <= 0,
      ),
  },
  {
    rule: 'pure files use none of Node’s modules that reach outside the process',
    reason: 'what is pure is tested without privilege, and the same input gives the same output',
    offenders: () =>
      offending(isPure, ({ target, typeOnly, isFile }) => {
        if (isFile || typeOnly) return true;
        return target.startsWith('node:') ? PURE_MODULES.includes(target) : !IMPURE_PACKAGES.includes(target);
      }),
  },
  {
    rule: 'pure files import pure files only, types apart',
    reason: 'what they import would make them impure',
    offenders: () =>
      offending(isPure, ({ target, typeOnly, isFile }) => !isFile || typeOnly || isPure({ path: target })),
  },
  {
    rule: 'pure files ask for neither time nor chance',
    reason: 'the same input gives the same bytes',
    offenders: () =>
      files
        .filter(isPure)
        .flatMap(({ path, calls }) =>
          calls
            .filter((call) => /^(Date\.now|Math\.random|performance\.now|randomBytes|new Date\(0\))$/.test(call))
            .map((call) => `${path}: ${call}`),
        ),
  },
  {
    rule: 'processes are started in one folder',
    reason: 'one door to the kernel: no shell, one environment, errors classified once',
    offenders: () =>
      usersOf('node:child_process', 'execa', 'node:cluster', 'node:worker_threads', 'zx').filter(
        (path) => !['src/apply/kernel/child.ts', 'src/apply/kernel/command.ts'].includes(path),
      ),
  },
  {
    rule: 'the C library is called in one file',
    reason: 'a wrong declaration of a foreign function corrupts memory: there is one place to look',
    offenders: () => usersOf('koffi').filter((path) => path !== 'src/apply/kernel/libc.ts'),
  },
  {
    rule: 'the command line starts with next to nothing',
    reason: '--help and completion must be quick: commands are loaded when they are called',
    offenders: () => {
      const loaded = [...loadedBy('src/cli/main.ts')];
      const packages = loaded
        .flatMap((path) => fileAt(path).imports)
        .filter(({ isFile, typeOnly }) => !isFile && !typeOnly);
      return [
        ...loaded.filter((path) => !isIn(path, 'cli', 'version.ts')),
        ...packages.map(({ target }) => target).filter((name) => !/^node:|^commander$|^picocolors$/.test(name)),
      ];
    },
  },
  {
    rule: 'the agent loads nothing that reads manifests',
    reason: 'it is started for every lab, and the schemas alone would be a third of it',
    offenders: () => [...loadedBy('src/agent/main.ts')].filter((path) => isIn(path, 'parse')),
  },
  {
    rule: 'no file has more than 400 lines',
    reason: 'a file is read from top to bottom',
    offenders: () => files.filter(({ text }) => text.split('\n').length > 401).map(({ path }) => path),
  },
  {
    rule: 'every file begins with a comment that says what it is',
    reason: 'the first line answers whether this is the file one is looking for',
    offenders: () => files.filter(({ text }) => !/^(#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path),
  },
  {
    rule: 'local files are imported with their ending',
    reason: 'Node runs the sources as they are',
    offenders: () =>
      offending(
        () => true,
        ({ target, isFile }) => !isFile || files.some(({ path }) => path === target),
      ),
  },
];

function fileAt(path: string): SourceFile {
  return files.find((candidate) => candidate.path === path)!;
}

/** A file and all it loads at once. */
function loadedBy(path: string, loaded = new Set<string>()): Set<string> {
  loaded.add(path);
  for (const { target, isFile, typeOnly, lazy } of fileAt(path).imports)
    if (isFile && !typeOnly && !lazy && !loaded.has(target)) loadedBy(target, loaded);
  return loaded;
}

describe('the code keeps its rules', () => {
  it('and is there to be held against them', () => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.flatMap(({ imports }) => imports).filter(({ isFile }) => isFile).length).toBeGreaterThan(300);
  });

  it.each(RULES.map(({ rule, reason, offenders }) => [`${rule}: ${reason}`, offenders] as const))(
    '%s',
    (_, offenders) => {
      expect(offenders()).toEqual([]);
    },
  );
});

/** Who writes to standard output and standard error, and why it does not go through cli/output.ts. */
const WRITERS: readonly [path: string, reason: string][] = [
  ['src/agent/main.ts', 'refuses to start in the namespace of the host, before anything else'],
  ['src/cli/capture.ts', 'passes on what tcpdump writes, as it comes'],
  ['src/cli/exec.ts', 'passes on what a program writes, as it comes'],
  ['src/cli/output.ts', 'prints'],
  ['src/cli/progress.ts', 'writes and clears one line of a terminal'],
  ['src/agent/serial-port.ts', 'has the serial port of its virtual machine as descriptor 1'],
  ['src/probe/tunnel/process.ts', 'writes packets into the TUN device it has opened'],
  ['src/agent/keeper.ts', 'says in the log of its lab why it ended'],
];

describe('standard output and standard error', () => {
  const writes = /(^|\.)std(out|err)\??\.write$|^console\.|^writeSync$/;
  const writers = files.filter(({ calls }) => calls.some((call) => writes.test(call))).map(({ path }) => path);

  it.each(WRITERS)('are written to by %s: it %s', (path) => {
    expect(writers).toContain(path);
  });

  it('are written to by no other file: commands print through cli/output.ts', () => {
    expect(writers.filter((path) => !WRITERS.some(([known]) => known === path))).toEqual([]);
  });
});
