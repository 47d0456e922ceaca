/** packetwalk plan: the commands, as a script that works on its own. */
import type { Prepared } from '../pipeline.ts';
import { converge } from '../plan/converge.ts';
import { plan } from '../plan/index.ts';
import { formatScript, type StepPlan } from '../plan/script.ts';
import { type InputOptions, readLab } from './input.ts';
import { EXIT, print } from './output.ts';

export async function run(options: InputOptions & { readonly output: string }): Promise<number> {
  const input = await readLab(options);
  if (!input) return EXIT.input;
  const planned = plan(input.state);
  const steps = stepPlans(input);
  print(
    options.output === 'json'
      ? JSON.stringify({ ...planned, ...(steps.length > 0 && { steps }) }, null, 2)
      : formatScript(planned, input.cluster.name, steps).trimEnd(),
  );
  return EXIT.ok;
}

/** What each step changes. */
function stepPlans({ state, steps }: Prepared): StepPlan[] {
  return steps.map((step, index) => ({
    name: step.name,
    ...converge(steps[index - 1]?.state ?? state, step.state),
  }));
}
