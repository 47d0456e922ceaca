/** The network configuration of the CNI specification, section 1: what is in a `.conflist` file. Plugins may have any field. */
import * as z from 'zod';

/** Versions of the specification whose results have addresses and interfaces in one form, oldest first. */
export const CNI_VERSIONS = ['0.3.0', '0.3.1', '0.4.0', '1.0.0', '1.1.0'] as const;
export type CniVersion = (typeof CNI_VERSIONS)[number];

const flag = z.union([z.boolean(), z.enum(['true', 'false'])]).transform((value) => value === true || value === 'true');

const plugin = z.looseObject({
  /** It names a program; whoever calls it looks for no path (libcni, FindInPath). */
  type: z.string().regex(/^[^/\s]+$/, 'must be the name of a plugin, without a folder'),
  capabilities: z.record(z.string(), z.boolean()).optional(),
});

export const networkConfiguration = z.looseObject({
  cniVersion: z.enum(CNI_VERSIONS).optional(),
  /** The highest one that the runtime knows counts. */
  cniVersions: z.array(z.string()).optional(),
  name: z
    .string()
    .regex(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 'must be letters, digits, "_", "." and "-", a letter or digit first'),
  disableCheck: flag.default(false),
  disableGC: flag.default(false),
  plugins: z.array(plugin).min(1, 'must have a plugin'),
});

export type NetworkConfigurationObject = z.output<typeof networkConfiguration>;
