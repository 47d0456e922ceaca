/** A program on a terminal of its own: all it prints arrives, what is typed reaches it, and it learns of the end. */
import { describe, expect, it } from 'vitest';
import { Terminal } from '../../src/agent/terminal.ts';
import { start } from '../../src/apply/kernel/command.ts';

/** Runs a program to its end; its exit code, or the signal that ended it. */
async function runOn(terminal: Terminal, ...argv: string[]): Promise<unknown> {
  const { exitCode, signal } = await start(['setsid', '--ctty', '--wait', ...argv], { stdio: terminal.stdio });
  return exitCode ?? signal;
}

/** A terminal, and what was shown on it so far. */
function terminalOf(columns = 80, rows = 24): { terminal: Terminal; shown: () => string } {
  let text = '';
  const terminal = new Terminal({ columns, rows }, (data) => {
    text += data.toString();
    return undefined;
  });
  return { terminal, shown: () => text };
}

describe('a terminal', () => {
  it('shows all that a program printed before it ended', async () => {
    const { terminal, shown } = terminalOf();
    await runOn(terminal, 'seq', '1', '20000');
    terminal.hangUp();
    expect(shown().split('\r\n').slice(0, -1)).toEqual(Array.from({ length: 20_000 }, (_, index) => String(index + 1)));
  });

  it('has the size it was given, and another when told', async () => {
    const { terminal, shown } = terminalOf(90, 30);
    await runOn(terminal, 'stty', 'size');
    terminal.resize({ columns: 120, rows: 40 });
    await runOn(terminal, 'stty', 'size');
    terminal.hangUp();
    expect(shown()).toBe('30 90\r\n40 120\r\n');
  });

  it('takes what is typed, Ctrl-C among it', async () => {
    const { terminal, shown } = terminalOf();
    const ended = runOn(terminal, 'sh', '-c', 'trap "echo caught; exit 3" INT; read line; echo "got $line"; sleep 60');
    terminal.stream.write('hello\r');
    await expect.poll(shown).toContain('got hello');
    terminal.stream.write('\x03');
    expect(await ended).toBe(3);
    terminal.hangUp();
    expect(shown()).toContain('caught');
  });

  it('tells the programs on it when it is closed', async () => {
    const { terminal } = terminalOf();
    const ended = runOn(terminal, 'sleep', '60');
    await new Promise((resolve) => setTimeout(resolve, 200));
    terminal.hangUp();
    terminal.hangUp();
    terminal.resize({ columns: 1, rows: 1 });
    expect(await ended).toBe('SIGHUP');
  });
});
