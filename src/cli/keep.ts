/** packetwalk test --keep: the checks are made in a lab that stays. */

import { problemOf } from '../agent/problem.ts';
import { removeLab } from '../agent/registry.ts';
import type { LabResult } from '../judge/result.ts';
import type { Source } from '../parse/index.ts';
import { type Prepared, type TestOptions, takeSteps } from '../pipeline.ts';
import type { SandboxChoice } from './input.ts';
import { buildDetached, recordSteps, runningLab } from './labs.ts';
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
    const modes = { cni: cluster.cni.mode, proxy: cluster.proxy.mode };
    /** The topology has its own with it. */
    const given = faults.slice(cluster.faults.length);
    const input = { ...prepared, sources, options: { name: cluster.name, namespace, ...modes, faults: given } };
    const lab = await buildDetached(input, choice);
    const { steps, results } = await takeSteps(lab, prepared, options).finally(() => lab.agent.close());
    recordSteps(cluster.name, prepared, steps);
    note(
      `kept: packetwalk shell node/${cluster.nodes[0]?.name ?? 'node1'} --lab ${cluster.name}; packetwalk down ${cluster.name}`,
    );
    const { sandbox, kernel } = lab;
    return { ...about, sandbox, kernel, ...results, durationMs: performance.now() - started };
  } catch (error) {
    const { usual: sandbox } = options.sandboxes;
    return {
      ...about,
      sandbox,
      kernel: '',
      verdicts: [],
      durationMs: performance.now() - started,
      problem: problemOf(error),
    };
  }
}
