/** The report for people. */
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { formatDuration, table, wrap } from '../../src/report/layout.ts';
import { formatLab, formatTotals, type TextOptions } from '../../src/report/text.ts';
import { ALL, FAIL, INCONCLUSIVE, lab, PASS, SKIPPED, SPREAD_FAIL, STATE_FAIL, UNBUILT } from './results.ts';

const plain = picocolors.createColors(false);
const colourful = picocolors.createColors(true);
const options: TextOptions = { colors: plain, walks: false, width: 100 };
const ESCAPE = '\u001b';

describe('a lab', () => {
  it('has a line for itself and one for every check, with what failed below', () => {
    expect(formatLab(lab([PASS, FAIL, STATE_FAIL]), options).split('\n')).toEqual([
      'nodeport-snat                                                    iptables · vxlan · rootless · 1.4 s',
      '  ✓ the pod is reached                                                                         41 ms',
      '  ✗ the path is short                                                                          1.0 s',
      '      outcome: expected delivered',
      '               observed dropped: it was last seen leaving node/node1 by eth0, never at node/node2',
      '      topologies/nodeport-snat.yaml:14',
      '    host/client  eth0       out  10.0.0.100:40112 → 10.0.0.11:30080  SYN',
      '    node/node1   eth0       in   10.0.0.100:40112 → 10.0.0.11:30080  SYN',
      '                                 DNAT  10.0.0.11:30080 → 10.244.2.2:8080',
      '                                 SNAT  10.0.0.100:40112 → 10.244.1.0:61322',
      '    node/node1   flannel.1  out  10.244.1.0:61322 → 10.244.2.2:8080  SYN',
      '    node/node1   eth0       out  VXLAN vni 1  10.0.0.11 → 10.0.0.12:8472',
      '    dropped: it was last seen leaving node/node1 by eth0, never at node/node2',
      '  ✗ the route is there                                                                          8 ms',
      '      routes: expected a line with "10.244.2.0/24"',
      '              observed there is none',
      '      routes: expected no such line',
      '              observed "default via 10.0.0.1 dev eth0"',
      '      topologies/routes.yaml:9',
    ]);
  });

  it('shows the walks of what passed only when asked, the way back below the way there', () => {
    expect(formatLab(lab([PASS]), options).split('\n')).toHaveLength(2);
    const walk = formatLab(lab([PASS]), { ...options, walks: true })
      .split('\n')
      .slice(2);
    expect(walk).toHaveLength(9 + 2 + 1 + 4 + 1);
    expect(walk.findIndex((line) => line.trim() === 'and back')).toBe(11);
    expect(walk.at(-2)).toContain('UN-DNAT  10.244.2.2:8080 → 10.0.0.11:30080');
  });

  it('says why something is inconclusive or was skipped', () => {
    const text = formatLab(lab([INCONCLUSIVE, SKIPPED]), options);
    expect(text).toContain('  ? nothing arrives');
    expect(text).toContain(
      'inconclusive: the capture at node/node2 cannot be relied on: the kernel left 3 packets out',
    );
    expect(text).toContain('  - SCTP passes');
    expect(text).toContain('skipped: this kernel has no SCTP');
  });

  it('that could not be built says so once, and what to do', () => {
    expect(formatLab(UNBUILT, options).split('\n')).toEqual([
      'broken                                           iptables · vxlan · rootless · fault no-dnat · 1.4 s',
      '  the lab could not be built: tcpdump: tcpdump is not installed',
      '  what to do: sudo apt-get install tcpdump',
      '  - the pod is reached                                                                          0 ms',
      '  - the route is there                                                                          0 ms',
    ]);
  });

  it('shows how connections were spread when that failed', () => {
    expect(formatLab(lab([SPREAD_FAIL]), options)).toContain('    connections  pod/web-0 3');
  });

  it('fits 100 columns', () => {
    for (const result of [ALL, UNBUILT]) {
      const lines = formatLab(result, { ...options, walks: true }).split('\n');
      expect(lines.filter((line) => line.length > 100)).toEqual([]);
    }
  });

  it('fits 100 columns also with the longest reason a packet’s fate has', () => {
    const reason =
      'the answer came from 10.244.2.2:8080, but 10.0.0.11:30080 was asked: host/client does not take it for an answer';
    const verdict = FAIL.kind === 'connection' && FAIL.walk ? { ...FAIL, walk: { ...FAIL.walk, reason } } : FAIL;
    const lines = formatLab(lab([verdict]), options).split('\n');
    expect(lines.some((line) => line.includes('the answer came from'))).toBe(true);
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
  });

  it('fits 100 columns also with many endpoints', () => {
    const endpoints = Array.from({ length: 20 }, (_, index) => [`pod/web-${index}`, 3]);
    const verdict = { ...SPREAD_FAIL, spread: Object.fromEntries(endpoints) } as typeof SPREAD_FAIL;
    const lines = formatLab(lab([verdict]), options).split('\n');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('    connections  pod/web-0 3, pod/web-1 3,'))).toHaveLength(1);
    expect(lines.at(-1)).toMatch(/^ {17}pod\/web-\d+ 3.*, pod\/web-19 3$/);
  });

  it('keeps its indent where a reason has several lines', () => {
    const problem = { message: 'iptables-restore: line 2 failed\nTry `iptables-restore -h`\n  for more' };
    expect(
      formatLab({ ...UNBUILT, problem }, options)
        .split('\n')
        .slice(1, 4),
    ).toEqual([
      '  the lab could not be built: iptables-restore: line 2 failed',
      '    Try `iptables-restore -h`',
      '    for more',
    ]);
  });

  it('keeps a name that is too long for its line whole', () => {
    const name = 'a very long name '.repeat(8).trim();
    const verdict = { ...PASS, check: { ...PASS.check, name } } as typeof PASS;
    expect(formatLab(lab([verdict]), options)).toContain(`  ✓ ${name}  41 ms`);
  });
});

describe('colours', () => {
  it('are absent when they are not wanted', () => {
    expect(formatLab(ALL, { ...options, walks: true })).not.toContain(ESCAPE);
    expect(formatTotals([ALL, UNBUILT], 1000, plain)).not.toContain(ESCAPE);
  });

  it('do not change the text', () => {
    const painted = formatLab(ALL, { ...options, colors: colourful, walks: true });
    expect(painted).toContain(ESCAPE);
    const bare = painted.replaceAll(new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g'), '');
    expect(bare).toBe(formatLab(ALL, { ...options, walks: true }));
  });
});

describe('the totals', () => {
  it('count what there was, and nothing else', () => {
    expect(formatTotals([lab([PASS])], 950, plain)).toBe('1 passed · 1 check in 1 lab · 950 ms');
    expect(formatTotals([ALL, UNBUILT], 61_000, plain)).toBe(
      '2 passed, 3 failed, 1 inconclusive, 3 skipped · 9 checks in 2 labs · 1 min 1 s',
    );
    expect(formatTotals([], 0, plain)).toBe('0 passed · 0 checks in 0 labs · 0 ms');
  });
});

describe('a duration', () => {
  it.each([
    [0, '0 ms'],
    [0.4, '0 ms'],
    [999.4, '999 ms'],
    [999.6, '1.0 s'],
    [1000, '1.0 s'],
    [1049, '1.0 s'],
    [59_900, '59.9 s'],
    [59_960, '1 min 0 s'],
    [60_000, '1 min 0 s'],
    [119_400, '1 min 59 s'],
    [119_600, '2 min 0 s'],
  ])('of %f milliseconds is %s', (milliseconds, text) => {
    expect(formatDuration(milliseconds)).toBe(text);
  });

  it('never has sixty seconds, nor a thousand milliseconds', () => {
    const all = [999.6, 59_960, 119_600, 3_599_999].map(formatDuration);
    expect(all.filter((text) => /^1000 ms$|^60\.0 s$|60 s$/.test(text))).toEqual([]);
  });
});

describe('wrapping', () => {
  it('breaks at blanks, and indents what follows', () => {
    expect(wrap('one two three four', 9, '  ')).toEqual(['one two', '  three', '  four']);
    expect(wrap('one two', 7, '  ')).toEqual(['one two']);
  });

  it('keeps the indent of the first line, and words longer than a line', () => {
    expect(wrap('    one two', 8, '      ')).toEqual(['    one', '      two']);
    expect(wrap('a incomprehensibilities b', 6, '')).toEqual(['a', 'incomprehensibilities', 'b']);
  });
});

describe('a table', () => {
  it('has columns as wide as their widest cell, and no blanks at the end of a line', () => {
    expect(
      table([
        ['a', 'bb', 'c'],
        ['aaa', 'b', ''],
      ]),
    ).toEqual(['a    bb  c', 'aaa  b']);
    expect(table([])).toEqual([]);
  });
});
