/** One topology in several modes. */
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { LabResult } from '../../src/judge/result.ts';
import type { Verdict } from '../../src/judge/verdict.ts';
import { formatModes } from '../../src/report/modes.ts';
import { FAIL, lab, PASS, SKIPPED, UNBUILT } from './results.ts';

const options = { colors: picocolors.createColors(false), walks: false, width: 80 };
const matrix = (...labs: LabResult[]) => formatModes(labs, options).split('\n');
const named = (verdict: Verdict, name: string, because?: string): Verdict =>
  ({ ...verdict, check: { ...verdict.check, name, ...(because !== undefined && { because }) } }) as Verdict;

const [a, b] = [named(PASS, 'a'), named(PASS, 'b')];

describe('a matrix', () => {
  it('has a row for every check and a column for every mode', () => {
    expect(matrix(lab([a, b]), lab([a], { proxy: 'none' }))).toEqual([
      'nodeport-snat  2.9 s                                              iptables  none',
      '  a                                                               ✓         ✓',
      '  b                                                               ✓         ·',
    ]);
  });

  it('has headings in two lines when plugin and proxy vary, those that are shared once', () => {
    const proxies = ['iptables', 'none'] as const;
    const labs = proxies.flatMap((proxy) => (['vxlan', 'host-gw'] as const).map((cni) => lab([a], { proxy, cni })));
    expect(matrix(...labs)).toEqual([
      'nodeport-snat  5.7 s                          iptables            none',
      '                                              vxlan     host-gw   vxlan  host-gw',
      '  a                                           ✓         ✓         ✓      ✓',
    ]);
  });

  it('tells in a footnote why a mode differs', () => {
    expect(matrix(lab([a]), lab([named(PASS, 'a', 'nobody rejects it')], { proxy: 'none' }))).toEqual([
      'nodeport-snat  2.9 s                                              iptables  none',
      '  a                                                               ✓         ✓¹',
      '  ¹ none · vxlan: nobody rejects it',
    ]);
  });

  it('breaks long names and keeps the marks in the first line', () => {
    const long = named(PASS, 'a name so long that it does not fit beside the columns of the matrix');
    expect(matrix(lab([long]), lab([long], { proxy: 'none' })).slice(1)).toEqual([
      '  a name so long that it does not fit beside the columns of the   ✓         ✓',
      '    matrix',
    ]);
  });

  it('shows below what did not pass, by modes', () => {
    const lines = matrix(lab([PASS, FAIL]), lab([PASS, FAIL], { proxy: 'none' }), lab([SKIPPED], { cni: 'bridge' }));
    expect(lines.filter((line) => /^ {2}(iptables|none)|^ {2}[✗-] /.test(line))).toEqual([
      '  iptables · vxlan',
      expect.stringMatching(/^ {2}✗ the path is short/),
      '  none · vxlan',
      expect.stringMatching(/^ {2}✗ the path is short/),
      '  iptables · bridge',
      expect.stringMatching(/^ {2}- SCTP passes/),
    ]);
  });

  it('says of a lab that could not be built why, once', () => {
    const lines = matrix(lab([a]), { ...UNBUILT, proxy: 'none' });
    expect(lines.filter((line) => line.includes('could not be built'))).toHaveLength(1);
  });
});
