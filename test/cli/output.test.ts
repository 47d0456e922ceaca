/** How an error that ends a command is shown, and what the exit code says about it. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { KernelError } from '../../src/apply/kernel/errors.ts';
import { EXIT, fail, UsageError } from '../../src/cli/output.ts';

let text = '';

beforeEach(() => {
  text = '';
  vi.spyOn(process.stderr, 'write').mockImplementation((words) => {
    text += stripVTControlCharacters(String(words));
    return true;
  });
});

afterEach(() => void vi.restoreAllMocks());

function errorOf(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

describe('an error', () => {
  it('of usage is the user’s, and says what to do', async () => {
    expect(await fail(new UsageError('no lab is running', 'packetwalk up -f FILE starts one'))).toBe(EXIT.input);
    expect(text).toBe('error: no lab is running\n  = packetwalk up -f FILE starts one\n');
  });

  it('about a file is the user’s, names it and says why', async () => {
    expect(await fail(errorOf(() => readFileSync('/no/such/file.yaml')))).toBe(EXIT.input);
    expect(text).toBe('error: /no/such/file.yaml: no such file or directory\n');
  });

  it('of the system about no file in particular is the machine’s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'packetwalk-fail-'));
    expect(await fail(errorOf(() => readFileSync(folder)))).toBe(EXIT.environment);
    expect(text).toBe('error: read: illegal operation on a directory\n');
    rmSync(folder, { recursive: true });
  });

  it('of the kernel is the machine’s', async () => {
    const error = new KernelError({ code: 'missing-tool', command: 'ip link', cause: 'ip is not installed' });
    expect(await fail(error)).toBe(EXIT.environment);
    expect(text).toContain('ip is not installed');
    expect(text).not.toContain('    at ');
  });

  it('that nobody thought of is ours, with all we can learn from it', async () => {
    expect(await fail(new TypeError('x is undefined'))).toBe(EXIT.environment);
    expect(text).toMatch(/^packetwalk has a fault: TypeError: x is undefined\n {4}at /);
  });
});
