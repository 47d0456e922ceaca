/** A kernel state as the lines of its script, to see what an edit of it changes. */
import type { KernelState } from '../../src/compile/index.ts';
import type { FaultName } from '../../src/model/cluster.ts';
import { commandOf } from '../../src/plan/command.ts';
import { plan } from '../../src/plan/index.ts';

/** Every command; every line of a ruleset with the namespace and table it belongs to. */
function linesOf(state: KernelState): string[] {
  return plan(state).operations.flatMap((operation) => {
    const { argv, stdin } = commandOf(operation);
    if (stdin === undefined) return [argv.join(' ')];
    let table = '';
    return stdin.split('\n').map((line) => {
      table = line.startsWith('*') ? line.slice(1) : table;
      return `${operation.namespace} ${table} ${line}`;
    });
  });
}

/** Lines of one state that the other has not, in order; a line that stands twice counts twice. */
function missing(from: KernelState, to: KernelState): string[] {
  const left = linesOf(to);
  return linesOf(from).filter((line) => {
    const index = left.indexOf(line);
    if (index >= 0) left.splice(index, 1);
    return index < 0;
  });
}

/** What such a fault breaks shows when something changes, and is tested in changes.test.ts. */
export function isOfChange(fault: FaultName): boolean {
  return fault === 'no-proxy-sync' || fault === 'no-conntrack-cleanup';
}

export function difference(before: KernelState, after: KernelState): { gone: string[]; come: string[] } {
  return { gone: missing(before, after), come: missing(after, before) };
}

export function linesMatching(state: KernelState, pattern: RegExp): string[] {
  return linesOf(state).filter((line) => pattern.test(line));
}
