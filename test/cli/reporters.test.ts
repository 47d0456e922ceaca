/** Where results go: each reporter to a file of its own or to standard output, and never two documents into one. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/cli/output.ts';
import { destinationsOf, prepareFiles, type ReporterName } from '../../src/cli/reporters.ts';

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

  it('is one for each, and each has one', () => {
    expect(complaint(['json'], 'a.json', 'json=b.json')).toMatch(/json two files/);
    expect(complaint(['json', 'tap'], 'json=out', 'tap=out')).toMatch(/out to two reporters/);
  });

  it('has a name', () => {
    expect(complaint(['json'], 'json=')).toMatch(/"json=" names no file/);
    expect(complaint(['json'], '')).toMatch(/"" names no file/);
  });

  it('that cannot be written to is found out before a run, not after it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'packetwalk-reports-'));
    const file = join(folder, 'new/folder/report.xml');
    prepareFiles(destinationsOf(['text', 'junit'], [`junit=${file}`]));
    expect(existsSync(file)).toBe(true);
    expect(() => prepareFiles([{ reporter: 'json', file: folder }])).toThrow(/EISDIR/);
    rmSync(folder, { recursive: true });
  });

  it('that is there already keeps what it holds until there is something new', () => {
    const folder = mkdtempSync(join(tmpdir(), 'packetwalk-reports-'));
    const file = join(folder, 'report.xml');
    writeFileSync(file, 'the last run');
    prepareFiles([{ reporter: 'junit', file }]);
    expect(readFileSync(file, 'utf8')).toBe('the last run');
    rmSync(folder, { recursive: true });
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
