/** packetwalk test --keep: the checks are made in a lab that stays. */

import { removeLab } from '../agent/registry.ts';
import type { LabResult } from '../judge/result.ts';
import type { Source } from '../parse/index.ts';
import { examine, explain, type Prepared, type TestOptions } from '../pipeline.ts';
import type { SandboxChoice } from './input.ts';
import { buildDetached, runningLab } from './labs.ts';
import { note } from './output.ts';

export async function testKept(
  prepared: Prepared,
  options: TestOptions,
  { namespace, sources, ...choice }: SandboxChoice & { namespace: string; sources: readonly Source[] },
): Promise<LabResult> {
  const started = performance.now();
  const { cluster, faults } = prepared;
  const about = {
    file: options.file,
    name: cluster.name,
    cni: cluster.cni.mode,
    proxy: cluster.proxy.mode,
    faults,
  };
  const existing = runningLab(cluster.name);
  if (existing) await removeLab(existing);
  try {
    const input = {
      ...prepared,
      sources,
      options: { name: cluster.name, namespace, cni: cluster.cni.mode, proxy: cluster.proxy.mode, faults: [...faults] },
    };
    const lab = await buildDetached(input, choice);
    const verdicts = await examine(lab, cluster.checks.filter(options.select ?? (() => true)), options.onCaptures);
    lab.agent.close();
    note(
      `kept: packetwalk shell node/${cluster.nodes[0]?.name ?? 'node1'} --lab ${cluster.name}; packetwalk down ${cluster.name}`,
    );
    const { sandbox, kernel } = lab;
    return { ...about, sandbox, kernel, verdicts, durationMs: performance.now() - started };
  } catch (error) {
    const { usual: sandbox } = options.sandboxes;
    return {
      ...about,
      sandbox,
      kernel: '',
      verdicts: [],
      durationMs: performance.now() - started,
      problem: explain(error),
    };
  }
}
