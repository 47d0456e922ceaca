/** A topology as a test uses it: built once, asked for walks, closed. */
import { buildLab, type Lab } from '../agent/lab.ts';
import { Sandboxes, type SandboxOptions } from '../agent/sandboxes.ts';
import { InputError } from '../diagnostic.ts';
import type { ConnectionCheck } from '../model/check.ts';
import { DEFAULT_TIMEOUT_MS } from '../model/checks.ts';
import type { FaultName } from '../model/cluster.ts';
import { resolveDestination } from '../model/destination.ts';
import { Places } from '../model/place.ts';
import type { Source } from '../parse/index.ts';
import { prepare, trace } from '../pipeline.ts';
import type { Walk } from '../stitch/walk.ts';

export interface OpenTopology {
  readonly lab: Lab;
  /** Sends one connection and returns its walk. Places and destinations are written as in a topology. */
  walk(from: string, to: string): Promise<Walk>;
  close(): Promise<void>;
}

export interface OpenOptions extends SandboxOptions {
  readonly faults?: readonly FaultName[];
  readonly namespace?: string;
}

/** Builds the lab of some YAML. Throws an InputError with every problem when the input is wrong. */
export async function openTopology(
  sources: string | readonly Source[],
  options: OpenOptions = {},
): Promise<OpenTopology> {
  const { faults = [], namespace = 'default' } = options;
  const given = typeof sources === 'string' ? [{ name: '<text>', text: sources }] : sources;
  const { prepared, diagnostics } = prepare(given, { name: 'test', namespace, faults });
  if (!prepared) throw new InputError(diagnostics);
  const { cluster, state } = prepared;
  const sandboxes = new Sandboxes(options);
  const lab = await sandboxes
    .for(state)
    .then((sandbox) => buildLab(cluster, state, sandbox))
    .catch(async (error: unknown) => {
      await sandboxes.close();
      throw error;
    });
  const places = new Places(cluster, namespace);
  return {
    lab,
    close: () => lab.close().finally(() => sandboxes.close()),
    walk: async (from, to) => {
      const sender = places.find(from);
      if (!sender) throw new Error(places.explain(from).message);
      const { protocol = 'TCP', ...destination } = resolveDestination(to, cluster, places);
      const check: ConnectionCheck = {
        kind: 'connection',
        name: `${from} → ${to}`,
        from: { place: sender.place, protocol },
        to: destination,
        connections: 1,
        timeoutMs: DEFAULT_TIMEOUT_MS,
        origin: { file: '<test>', line: 1 },
      };
      const { walks } = await trace(lab, check, false);
      return walks[0]!;
    },
  };
}
