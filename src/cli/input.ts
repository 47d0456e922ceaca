/** Reads what `-f` and paths name. */
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Sandboxes } from '../agent/sandboxes.ts';
import type { SandboxKind } from '../apply/sandbox/namespaces.ts';
import { type Diagnostic, nearest } from '../diagnostic.ts';
import type { Check } from '../model/check.ts';
import type { Source } from '../parse/index.ts';
import { namedConfigurations } from '../parse/network-configuration.ts';
import { CNI_MODES } from '../parse/schema/cni.ts';
import { PROXY_MODES } from '../parse/schema/proxy.ts';
import { FAULT_NAMES } from '../parse/schema/topology.ts';
import { MAX_SOURCE_BYTES } from '../parse/yaml.ts';
import { type Prepared, type PrepareOptions, prepare } from '../pipeline.ts';
import { report } from './diagnostics.ts';
import { UsageError } from './output.ts';

const STDIN = '-';
const YAML = /\.(ya?ml|json)$/;

/** All files of the arguments, in order; folders with everything below them, which must be something. */
export function expandPaths(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    if (path === STDIN) return [path];
    const stat = statSync(path, { throwIfNoEntry: false });
    if (!stat) throw new UsageError(`there is no file or folder ${path === '' ? '""' : path}`);
    if (!stat.isDirectory()) return [path];
    const files = filesBelow(path);
    if (files.length === 0) throw new UsageError(`there is no YAML or JSON file in the folder ${path}`);
    return files;
  });
}

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      if (entry.name === 'node_modules' || entry.name.startsWith('.')) return [];
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return filesBelow(path);
      return YAML.test(entry.name) ? [path] : [];
    });
}

/**
 * The files of one lab, and those that they name. That all of them are empty is a mistake: of the command before a pipe, for
 * one. A named file that is not there is the business of whoever reads the name.
 */
export function readSources(paths: readonly string[]): Source[] {
  const given = paths.map(readSource);
  const named = given.flatMap(namedConfigurations).filter((path) => !paths.includes(path));
  const isFile = (path: string) => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
  const sources = [...given, ...[...new Set(named)].filter(isFile).map(readSource)];
  if (sources.every(({ text, bytes }) => text.trim() === '' && bytes === undefined))
    throw new UsageError(`there is nothing in ${sources.map(({ name }) => name).join(', ')}`);
  return sources;
}

export function readSource(path: string): Source {
  if (path === STDIN) return { name: '<stdin>', text: readFileSync(0, 'utf8') };
  const bytes = statSync(path).size;
  return bytes > MAX_SOURCE_BYTES ? { name: path, text: '', bytes } : { name: path, text: readFileSync(path, 'utf8') };
}

export interface InputOptions {
  readonly file?: readonly string[];
  readonly name?: string;
  readonly namespace: string;
  readonly cni?: readonly string[];
  readonly proxy?: readonly string[];
  readonly fault?: readonly string[];
  /** A name is asked for. */
  readonly dns?: boolean;
}

/** One lab from all files together; undefined after its errors have been shown. */
export async function readLab(
  options: InputOptions,
): Promise<(Prepared & { readonly sources: readonly Source[]; readonly options: PrepareOptions }) | undefined> {
  const sources = readSources(expandPaths(options.file ?? []));
  return prepareLab(sources, prepareOptions(options), options.name);
}

async function prepareLab(sources: readonly Source[], options: PrepareOptions, name?: string) {
  const { prepared, diagnostics } = prepare(sources, options);
  if (report(diagnostics)) return undefined;
  const renamed = name === undefined ? prepared! : { ...prepared!, cluster: { ...prepared!.cluster, name } };
  return { ...renamed, sources, options };
}

/** The options of the command line, held against what exists. */
export function prepareOptions({
  file = [],
  namespace,
  cni = [],
  proxy = [],
  fault = [],
  dns,
}: InputOptions): PrepareOptions {
  return {
    name: defaultName(file[0]),
    namespace,
    cni: oneOf('--cni', cni, CNI_MODES)[0],
    proxy: oneOf('--proxy', proxy, PROXY_MODES)[0],
    faults: oneOf('--fault', fault, FAULT_NAMES),
    ...(dns && { dns }),
  };
}

export function oneOf<T extends string>(option: string, values: readonly string[], allowed: readonly T[]): T[] {
  return values.map((value) => {
    const known = allowed.find((candidate) => candidate === value);
    if (known !== undefined) return known;
    const guess = nearest(value, allowed);
    throw new UsageError(
      `${option} cannot be "${value}"`,
      `${guess ? `did you mean "${guess}"? ` : ''}allowed: ${allowed.join(', ')}`,
    );
  });
}

/** Values of an option that takes several; `all` stands for all of them. */
export function someOf<T extends string>(option: string, values: readonly string[], allowed: readonly T[]): T[] {
  const chosen = oneOf<T | 'all'>(option, values, [...allowed, 'all']);
  return chosen.includes('all') ? [...allowed] : (chosen as T[]);
}

/** A file's name without folder and ending, as far as it can name a lab. */
export function defaultName(path: string | undefined): string {
  const base = path?.split('/').filter(Boolean).at(-1)?.replace(YAML, '') ?? 'lab';
  const name = base
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-/, '')
    .slice(0, 63)
    .replace(/-$/, '');
  return name === '' ? 'lab' : name;
}

export interface SandboxChoice {
  readonly sandbox: SandboxKind | 'auto';
  readonly kernel?: string;
}

export function sandboxesOf(
  { sandbox, kernel }: SandboxChoice,
  note?: (text: string) => void,
  anew = false,
): Sandboxes {
  if (kernel !== undefined && sandbox !== 'auto' && sandbox !== 'vm')
    throw new UsageError('--kernel is for virtual machines', 'leave --sandbox out, or say --sandbox vm');
  return new Sandboxes({ kind: sandbox, kernel, anew, ...(note && { note }) });
}

/** A diagnostic that many labs of one run share is shown once. */
export function unique(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  return [...new Map(diagnostics.map((diagnostic) => [JSON.stringify(diagnostic), diagnostic])).values()];
}

/** Which checks `-t PATTERN` chooses: by their own name, or that of their step. */
export function selector(pattern: string | undefined): (check: Check) => boolean {
  if (pattern === undefined) return () => true;
  let expression: RegExp;
  try {
    expression = new RegExp(pattern);
  } catch (error) {
    throw new UsageError(`-t "${pattern}" is not a regular expression: ${(error as Error).message}`);
  }
  return ({ name, step = '' }) => expression.test(name) || expression.test(step);
}
