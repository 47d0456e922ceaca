/** What is wrong with the input, shown to a person. */
import { type Diagnostic, formatDiagnostic } from '../diagnostic.ts';
import { counted } from '../report/layout.ts';
import { errorColors, note } from './output.ts';

/** Prints diagnostics and a count of the errors; tells whether there were any. */
export function report(diagnostics: readonly Diagnostic[]): boolean {
  for (const diagnostic of diagnostics) {
    const [head = '', ...rest] = formatDiagnostic(diagnostic).split('\n');
    const paint = diagnostic.severity === 'error' ? errorColors.red : errorColors.yellow;
    note([head.replace(/\b(error|warning):/, (word) => paint(word)), ...rest].join('\n'));
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) note(`${counted(errors, 'error')}; nothing was created`);
  return errors > 0;
}
