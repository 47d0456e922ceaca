/** Where results go: each reporter to a file of its own or to standard output, and never two documents into one. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/output.ts';
import { destinationsOf, type ReporterName } from '../../src/cli/reporters.ts';

/** `json → out.json`, `text` for one that goes to standard output, `text…` for one that is shown lab by lab. */
function destinations(reporters: readonly ReporterName[], ...outputFiles: string[]): string[] {
  return destinationsOf(reporters, outputFiles).map(({ reporter, file, stream }) =>
    file === undefined ? `${reporter}${stream ? '…' : ''}` : `${reporter} → ${file}`,
  );
}

function complaint(reporters: readonly ReporterName[], ...outputFiles: string[]): string {
  try {
    destinationsOf(reporters, outputFiles);
  } catch (error) {
    if (error instanceof UsageError) return `${error.message}: ${error.help}`;
    throw error;
  }
  return 'none';
}

describe('a reporter', () => {
  it('is text when none is named, shown lab by lab', () => {
    expect(destinations([])).toEqual(['text…']);
  });

  it('named twice counts once', () => {
    expect(destinations(['json', 'json'])).toEqual(['json']);
  });

  it('writes to standard output unless it has a file', () => {
    expect(destinations(['text', 'github'])).toEqual(['text…', 'github']);
    expect(destinations(['text', 'junit'], 'junit=out.xml')).toEqual(['text…', 'junit → out.xml']);
  });

  it('that writes text into a file does not show it lab by lab as well', () => {
    expect(destinations([], 'out.txt')).toEqual(['text → out.txt']);
  });
});

describe('a file', () => {
  it('without a name is for the only reporter', () => {
    expect(destinations(['json'], 'out.json')).toEqual(['json → out.json']);
  });

  it('without a name is for the only one that is not text', () => {
    expect(destinations(['text', 'json'], 'out.json')).toEqual(['text…', 'json → out.json']);
  });

  it('with a name is for that one, text included', () => {
    expect(destinations(['text', 'json', 'tap'], 'tap=a=b.tap', 'json=out.json', 'text=out.txt')).toEqual([
      'text → out.txt',
      'json → out.json',
      'tap → a=b.tap',
    ]);
  });

  it('that could be for several must say for which', () => {
    expect(complaint(['json', 'junit'], 'out')).toBe(
      '--output-file out does not say for which reporter: write json=out',
    );
  });

  it('named for a reporter that was not chosen is a mistake, not a file of that name', () => {
    expect(complaint(['junit'], 'json=out.json')).toMatch(/json/);
  });
});

describe('standard output', () => {
  it('takes one document', () => {
    expect(complaint(['json', 'junit'])).toMatch(/only one of json, junit and tap can be written to standard output/);
    expect(complaint(['json', 'junit', 'tap'], 'tap=x')).toMatch(/only one of json, junit and tap/);
    expect(complaint(['json', 'junit'], 'json=x')).toBe('none');
  });

  it('takes no other lines into a document: what is not its own would break it', () => {
    expect(complaint(['text', 'json'])).not.toBe('none');
    expect(complaint(['github', 'junit'])).not.toBe('none');
  });
});
