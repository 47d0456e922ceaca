/** What a check is called where its step does not stand above it, and what went wrong with the lab itself. */
import type { LabResult } from '../judge/result.ts';
import type { Check } from '../model/check.ts';

export function titleOf({ step, name }: Pick<Check, 'step' | 'name'>): string {
  return step === undefined ? name : `${step}: ${name}`;
}

/** `the lab could not be built` */
export function formatTrouble({ step }: NonNullable<LabResult['problem']>): string {
  return step === undefined ? 'the lab could not be built' : `the step "${step}" could not be taken`;
}
