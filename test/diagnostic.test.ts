/** Diagnostics: the line, a caret under what is meant, the nearest right word, in the order of the files. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Diagnostic,
  Diagnostics,
  formatDiagnostic,
  formatOrigin,
  InputError,
  nearest,
} from '../src/diagnostic.ts';

function at(text: string, column: number, length: number, line = 7) {
  return { file: 'lab.yaml', line, column, length, text };
}

function error(position: Diagnostic['at'], help?: string): Diagnostic {
  return {
    severity: 'error',
    code: 'x',
    message: 'this is wrong',
    ...(position && { at: position }),
    ...(help && { help }),
  };
}

/** The characters of the shown line that carets stand under. */
function underlined(formatted: string): string {
  const [, line = '', carets = ''] = formatted.split('\n');
  return [...carets].map((mark, index) => (mark === '^' ? (line[index] ?? ' ') : '')).join('');
}

describe('a diagnostic as text', () => {
  it('names the place, shows the line, underlines the value and adds the help', () => {
    expect(formatDiagnostic(error(at('  kind: Pdo', 9, 3), 'did you mean "Pod"?'))).toBe(
      ['lab.yaml:7:9: error: this is wrong', ' 7 |   kind: Pdo', '   |         ^^^', '   = did you mean "Pod"?'].join(
        '\n',
      ),
    );
  });

  it('widens its margin for a line number of several digits', () => {
    expect(formatDiagnostic(error(at('kind: Pdo', 7, 3, 1234)))).toBe(
      ['lab.yaml:1234:7: error: this is wrong', ' 1234 | kind: Pdo', '      |       ^^^'].join('\n'),
    );
  });

  it('says what severity it has', () => {
    expect(formatDiagnostic({ ...error(undefined), severity: 'warning' })).toBe('warning: this is wrong');
  });

  it('without a place is its message and help', () => {
    expect(formatDiagnostic(error(undefined, 'split the file'))).toBe('error: this is wrong\n  = split the file');
  });

  it('keeps tabs before the caret, so that it stands right at any tab width', () => {
    const [, , carets] = formatDiagnostic(error(at('\t\tkind:\tPdo', 9, 3))).split('\n');
    expect(carets).toBe('   | \t\t     \t^^^');
  });

  it('has one caret after the last character when something is missing at the end of the line', () => {
    const formatted = formatDiagnostic(error(at('kind:', 6, 1)));
    expect(formatted.split('\n')[2]).toBe('   |      ^');
  });

  it('does not underline beyond the end of the line', () => {
    expect(underlined(formatDiagnostic(error(at('kind: Pod', 7, 50))))).toBe('Pod');
  });

  it('cuts a very long line on both sides of what is meant', () => {
    const text = `${'a'.repeat(200)}HERE${'b'.repeat(200)}`;
    const formatted = formatDiagnostic(error(at(text, 201, 4)));
    const [head, line = ''] = formatted.split('\n');
    expect(head).toBe('lab.yaml:7:201: error: this is wrong');
    expect(line).toMatch(/^ 7 \| …a+HEREb+…$/);
    expect(line.length).toBeLessThan(110);
    expect(underlined(formatted)).toBe('HERE');
  });

  it('cuts only the side that is long', () => {
    const start = formatDiagnostic(error(at(`HERE${'b'.repeat(200)}`, 1, 4))).split('\n')[1];
    const end = formatDiagnostic(error(at(`${'a'.repeat(200)}HERE`, 201, 4))).split('\n')[1];
    expect(start).toMatch(/^ 7 \| HEREb+…$/);
    expect(end).toMatch(/^ 7 \| …a+HERE$/);
  });

  it('underlines what is meant, wherever it stands in a line of any length', () => {
    fc.assert(
      fc.property(fc.nat(300), fc.nat(300), (before, after) => {
        const text = `${'a'.repeat(before)}HERE${'b'.repeat(after)}`;
        expect(underlined(formatDiagnostic(error(at(text, before + 1, 4))))).toBe('HERE');
      }),
    );
  });
});

describe('the nearest word', () => {
  it.each([
    ['Pos', 'Pod'],
    ['pod', 'Pod'],
    ['Sevrice', 'Service'],
    ['Services', 'Service'],
    ['Deploymnet', 'Deployment'],
  ])('%s is meant to be %s', (word, meant) => {
    expect(nearest(word, ['Pod', 'Service', 'Deployment', 'Node'])).toBe(meant);
  });

  it.each(['Ingress', 'Xyz', 'Secret'])('nothing here is near %s', (word) => {
    expect(nearest(word, ['Pod', 'Service', 'Deployment', 'Node'])).toBeUndefined();
  });

  it('is the first of two that are equally near', () => {
    expect(nearest('node3', ['node1', 'node2'])).toBe('node1');
  });

  it('is nothing among no candidates', () => {
    expect(nearest('Pod', [])).toBeUndefined();
  });

  it('is the word itself when it is among the candidates', () => {
    const words = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,12}$/), { minLength: 1 });
    fc.assert(
      fc.property(words, fc.nat(), (candidates, pick) => {
        const word = candidates[pick % candidates.length]!;
        expect(nearest(word, candidates)).toBe(word);
      }),
    );
  });
});

describe('diagnostics', () => {
  const place = (file: string, line: number, column: number) => ({ file, line, column, length: 1, text: '' });

  it('are sorted by file as met, then by line and column; without a place they come first', () => {
    const diagnostics = new Diagnostics();
    diagnostics.error('b2', '', place('b', 2, 1));
    diagnostics.error('a9', '', place('a', 9, 1));
    diagnostics.error('b1-5', '', place('b', 1, 5));
    diagnostics.warn('nowhere', '');
    diagnostics.error('b1-3', '', place('b', 1, 3));
    diagnostics.error('b10', '', place('b', 10, 1));
    expect(diagnostics.sorted().map(({ code }) => code)).toEqual(['nowhere', 'b1-3', 'b1-5', 'b2', 'b10', 'a9']);
    expect(diagnostics.all.map(({ code }) => code)).toEqual(['b2', 'a9', 'b1-5', 'nowhere', 'b1-3', 'b10']);
  });

  it('at one place keep the order they were found in', () => {
    const diagnostics = new Diagnostics();
    for (const code of ['z', 'a', 'm']) diagnostics.error(code, '', place('a', 1, 1));
    expect(diagnostics.sorted().map(({ code }) => code)).toEqual(['z', 'a', 'm']);
  });

  it('are a failure only when one of them is an error', () => {
    const diagnostics = new Diagnostics();
    expect(diagnostics.failed).toBe(false);
    diagnostics.warn('w', 'odd');
    expect(diagnostics.failed).toBe(false);
    diagnostics.error('e', 'wrong');
    expect(diagnostics.failed).toBe(true);
  });

  it('are all told by the error that carries them', () => {
    const thrown = new InputError([error(undefined), error(at('kind: Pdo', 7, 3))]);
    expect(thrown.message).toContain('error: this is wrong\nlab.yaml:7:7: error: this is wrong');
    expect(thrown.diagnostics).toHaveLength(2);
  });
});

it('an origin is file and line', () => {
  expect(formatOrigin({ file: 'lab.yaml', line: 7 })).toBe('lab.yaml:7');
});
