/** TAP 14: version, plan, a point for every check, what went wrong as YAML. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { toTap } from '../../src/report/tap.ts';
import { ALL, FAIL, INCONCLUSIVE, lab, PASS, renamed, SKIPPED, STATE_FAIL, UNBUILT } from './results.ts';

const lines = (...labs: Parameters<typeof toTap>[0]) => toTap(labs).trimEnd().split('\n');
const points = (...labs: Parameters<typeof toTap>[0]) => lines(...labs).filter((line) => /^(not )?ok /.test(line));

/** The YAML block behind the first point, without its indent. */
function block(...labs: Parameters<typeof toTap>[0]): unknown {
  const all = lines(...labs);
  const [start, end] = [all.indexOf('  ---'), all.indexOf('  ...')];
  const inside = all.slice(start + 1, end);
  expect(inside.filter((line) => line !== '' && !line.startsWith('  '))).toEqual([]);
  return parse(inside.map((line) => line.slice(2)).join('\n'));
}

describe('a run', () => {
  it('begins with the version and the plan', () => {
    expect(lines(ALL, UNBUILT).slice(0, 2)).toEqual(['TAP version 14', '1..10']);
    expect(lines()).toEqual(['TAP version 14', '1..0']);
  });

  it('has as many points as planned, numbered through all labs', () => {
    const numbers = points(ALL, UNBUILT).map((line) => Number(/ok (\d+)/.exec(line)![1]));
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('has no line that is neither a point nor part of a block', () => {
    const outside = lines(ALL, UNBUILT)
      .slice(2)
      .filter((line) => !/^(not )?ok \d+ - |^ {2}/.test(line));
    expect(outside).toEqual([]);
  });
});

describe('a lab that could not be built', () => {
  it('is not ok itself, and says why', () => {
    expect(points(UNBUILT)[0]).toBe('not ok 1 - broken · iptables · vxlan · no-dnat: the lab could not be built');
    expect(block(UNBUILT)).toEqual({
      message: 'tcpdump: tcpdump is not installed\nsudo apt-get install tcpdump',
    });
  });
});

describe('a check', () => {
  it('that passed or was skipped is ok', () => {
    expect(points(lab([PASS, SKIPPED]))).toEqual([
      'ok 1 - nodeport-snat · iptables · vxlan: the pod is reached',
      'ok 2 - nodeport-snat · iptables · vxlan: SCTP passes # SKIP this kernel has no SCTP',
    ]);
  });

  it('that failed or is inconclusive is not ok', () => {
    expect(points(lab([FAIL, INCONCLUSIVE])).map((line) => line.split(' - ')[0])).toEqual(['not ok 1', 'not ok 2']);
  });

  it('that failed says in YAML what did not fit', () => {
    expect(block(lab([FAIL]))).toEqual({
      verdict: 'fail',
      message: FAIL.reason,
      at: 'topologies/nodeport-snat.yaml:14',
      details: expect.stringContaining(' observed dropped: it was last seen leaving node/node1 by eth0'),
    });
  });

  it('of state that failed shows the listing', () => {
    expect(block(lab([STATE_FAIL]))).toMatchObject({ details: expect.stringContaining('default via 10.0.0.1') });
  });
});

describe('characters that mean something to TAP', () => {
  it('are escaped in names', () => {
    expect(points(lab([renamed(PASS, 'a # SKIP \\ b')]))[0]).toBe(
      'ok 1 - nodeport-snat · iptables · vxlan: a \\# SKIP \\\\ b',
    );
  });

  it('do not end a block', () => {
    const reason = 'first\n...\nnot ok 9 - no\n---\n\n  deep: [';
    const [, ...rest] = lines(lab([renamed(FAIL, 'x', reason)]));
    expect(rest.filter((line) => /^not ok 9/.test(line))).toEqual([]);
    expect(block(lab([renamed(FAIL, 'x', reason)]))).toMatchObject({ message: reason });
  });

  it('never make a second line of a name or of a reason to skip', () => {
    const name = 'first\nnot ok 2 - second';
    expect(lines(lab([renamed(PASS, name)]))).toHaveLength(3);
    expect(lines(lab([renamed(SKIPPED, 'SCTP', name)]))).toHaveLength(3);
    expect(points(lab([renamed(SKIPPED, 'a\r\n  b', 'c\rd\n\ne')]))).toEqual([
      'ok 1 - nodeport-snat · iptables · vxlan: a b # SKIP c d e',
    ]);
  });
});
