/** A `.conflist` file, named by a Topology: the network configuration its nodes' container runtime would read. */
import { Diagnostics } from '../diagnostic.ts';
import { jsonErrorAt } from './json.ts';
import type { Locate } from './locate.ts';
import { positionIn } from './position.ts';
import { type NetworkConfigurationObject, networkConfiguration } from './schema/network-configuration.ts';
import type { TopologyObject } from './schema/topology.ts';
import { validate } from './validate.ts';
import { readYaml, type Source } from './yaml.ts';

export interface NetworkConfigurationManifest {
  readonly kind: 'NetworkConfiguration';
  readonly object: NetworkConfigurationObject;
  /** Where a field of the object stands. */
  readonly locate: Locate;
  /** The file is what a Topology calls it by. */
  readonly origin: { readonly file: string; readonly line: number };
}

/** Such a file holds nothing else, and no other does. */
export function isNetworkConfiguration({ name }: Source): boolean {
  return name.endsWith('.conflist');
}

/** Undefined after reporting why it is none. Runtimes read JSON: YAML is refused. */
export function readNetworkConfiguration(
  source: Source,
  diagnostics: Diagnostics,
): NetworkConfigurationManifest | undefined {
  const { name, text } = source;
  const offset = source.bytes === undefined ? jsonErrorAt(text) : undefined;
  if (offset !== undefined) {
    const found =
      offset < text.trimEnd().length ? `${JSON.stringify(text[offset])} cannot stand here` : 'it ends too early';
    diagnostics.error('not-json', `${name} is not JSON: ${found}`, positionIn(name, text)(offset, offset + 1));
    return undefined;
  }
  const [document] = readYaml(source, diagnostics);
  if (!document) return undefined;
  const { value, locate } = document;
  const object = validate(networkConfiguration, value, locate, diagnostics);
  return object && { kind: 'NetworkConfiguration', object, locate, origin: { file: name, line: 1 } };
}

/** The files that the Topologies of a source name: they have to be read as well. */
export function namedConfigurations(source: Source): string[] {
  if (isNetworkConfiguration(source) || !source.text.includes('.conflist')) return [];
  return readYaml(source, new Diagnostics()).flatMap(({ value }) => {
    const { conf } = ((value as Partial<TopologyObject>).spec?.cluster?.cni as { conf?: unknown }) ?? {};
    return typeof conf === 'string' ? [fileBeside(source.name, conf)] : [];
  });
}

/** A file as a Topology in `file` names it: from the folder that one is in. */
export function fileBeside(file: string, path: string): string {
  return path.startsWith('/') || !file.includes('/') ? path : `${file.slice(0, file.lastIndexOf('/') + 1)}${path}`;
}
