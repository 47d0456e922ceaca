/** The network configuration that mode `plugins` hands to the plugins: the one named, or written in the Topology. */
import type { Diagnostics, Origin, Position } from '../diagnostic.ts';
import { nearest } from '../diagnostic.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { Locate, Path } from '../parse/locate.ts';
import { fileBeside } from '../parse/network-configuration.ts';
import {
  CNI_VERSIONS,
  type CniVersion,
  type NetworkConfigurationObject,
} from '../parse/schema/network-configuration.ts';
import type { CniConfig } from './cluster.ts';

export interface NetworkConfiguration {
  readonly name: string;
  /** The version of the specification the plugins are spoken to in. */
  readonly version: CniVersion;
  readonly disableCheck: boolean;
  readonly disableGC: boolean;
  readonly plugins: readonly PluginConfiguration[];
}

export interface PluginConfiguration {
  readonly type: string;
  /** What it wants to be told of the pod. */
  readonly capabilities: readonly string[];
  /** All its fields, placeholders included. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly origin: Origin;
}

/** Stands for the node's pod subnet, as in containerd's conf_template (containerd internal/cri/server/update_runtime_config.go). */
export const POD_CIDR = '{{.PodCIDR}}';

/** Undefined in other modes, or after reporting why there is none. */
export function modelNetworkConfiguration(
  cni: CniConfig,
  topology: ManifestOf<'Topology'> | undefined,
  manifests: readonly Manifest[],
  diagnostics: Diagnostics,
): NetworkConfiguration | undefined {
  if (cni.mode !== 'plugins') return undefined;
  const { conf } = cni;
  const at = (path: Path): Position | undefined => topology?.locate(['spec', 'cluster', 'cni', 'conf', ...path]);
  if (typeof conf !== 'string') return configurationOf(conf, at, topology?.origin ?? DEFAULT, diagnostics);
  const file = fileBeside(topology!.origin.file, conf);
  const manifest = manifests.find(
    (candidate) => candidate.kind === 'NetworkConfiguration' && candidate.origin.file === file,
  ) as Extract<Manifest, { kind: 'NetworkConfiguration' }> | undefined;
  if (manifest) return configurationOf(manifest.object, manifest.locate, manifest.origin, diagnostics);
  /** One that is there and wrong has been reported. */
  if (!diagnostics.all.some((diagnostic) => diagnostic.at?.file === file))
    diagnostics.error(
      'missing-file',
      `there is no file ${file}`,
      at([]),
      'conf is a file beside the one that names it',
    );
  return undefined;
}

const DEFAULT: Origin = { file: '<default>', line: 1 };

function configurationOf(
  { name, cniVersion, cniVersions = [], disableCheck, disableGC, plugins }: NetworkConfigurationObject,
  locate: Locate | ((path: Path) => Position | undefined),
  origin: Origin,
  diagnostics: Diagnostics,
): NetworkConfiguration | undefined {
  const version = CNI_VERSIONS.findLast((known) => known === cniVersion || cniVersions.includes(known));
  if (version === undefined) {
    diagnostics.error(
      cniVersion === undefined && cniVersions.length === 0 ? 'missing-field' : 'invalid-value',
      cniVersions.length === 0 ? 'cniVersion is missing' : `cniVersions has no version that is known here`,
      locate(['cniVersions']),
      `known here: ${CNI_VERSIONS.join(', ')}`,
    );
    return undefined;
  }
  reportPlaceholders(plugins, (path) => locate(['plugins', ...path]), diagnostics);
  return {
    name,
    version,
    disableCheck,
    disableGC,
    plugins: plugins.map(({ type, capabilities = {}, ...fields }, index) => {
      const at = locate(['plugins', index, 'type']);
      return {
        type,
        capabilities: Object.keys(capabilities).filter((capability) => capabilities[capability]),
        fields: { type, ...fields },
        origin: at ? { file: at.file, line: at.line } : origin,
      };
    }),
  };
}

/** What looks like a placeholder and is none would reach the plugin as it is. */
function reportPlaceholders(
  value: unknown,
  locate: (path: Path) => Position | undefined,
  diagnostics: Diagnostics,
  path: Path = [],
): void {
  if (typeof value === 'string') {
    for (const [placeholder] of value.matchAll(/\{\{.*?\}\}/g)) {
      if (placeholder === POD_CIDR) continue;
      const guess = nearest(placeholder, [POD_CIDR]);
      diagnostics.error(
        'invalid-value',
        `there is no placeholder ${placeholder}`,
        locate(path),
        guess ? `did you mean ${guess}?` : `allowed: ${POD_CIDR}`,
      );
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value))
      reportPlaceholders(inner, locate, diagnostics, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}
