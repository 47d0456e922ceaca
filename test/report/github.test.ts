/** GitHub Actions annotations: one for everything that is not a pass, each on a line of its own whatever it says. */
import { describe, expect, it } from 'vitest';
import { toGithub } from '../../src/report/github.ts';
import { ALL, FAIL, INCONCLUSIVE, lab, PASS, renamed, SKIPPED, UNBUILT } from './results.ts';

const lines = (...labs: Parameters<typeof toGithub>[0]) => toGithub(labs, 1).trimEnd().split('\n');

/** As the runner reads a command: `::level key=value,key=value::message`. */
function parse(line: string) {
  const [head = '', ...message] = line.slice(2).split('::');
  const space = head.indexOf(' ');
  const properties = head
    .slice(space + 1)
    .split(',')
    .map((pair) => [pair.slice(0, pair.indexOf('=')), decode(pair.slice(pair.indexOf('=') + 1))]);
  return { level: head.slice(0, space), ...Object.fromEntries(properties), message: decode(message.join('::')) };
}

/** The runner's own unescaping (actions/runner, ActionCommand.cs). */
function decode(text: string): string {
  return text
    .replaceAll('%0D', '\r')
    .replaceAll('%0A', '\n')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%25', '%');
}

describe('an annotation', () => {
  it('says at the line of the check what failed, with the walk', () => {
    const [first = ''] = lines(lab([FAIL]));
    expect(parse(first)).toMatchObject({
      level: 'error',
      file: 'topologies/nodeport-snat.yaml',
      line: '14',
      title: 'the path is short (nodeport-snat · iptables · vxlan)',
    });
    expect(parse(first).message).toMatch(/^outcome: expected delivered\n {9}observed dropped: /);
  });

  it('is an error for what is inconclusive, a warning for what was skipped, and none for a pass', () => {
    const levels = lines(lab([PASS, INCONCLUSIVE, SKIPPED])).map((line) => parse(line).level);
    expect(levels).toEqual(['error', 'warning', 'notice']);
  });

  it('of a lab that could not be built is one, and its skipped checks have none of their own', () => {
    const [first = '', ...rest] = lines(UNBUILT);
    expect(parse(first)).toMatchObject({
      level: 'error',
      line: '1',
      title: 'broken · iptables · vxlan · no-dnat: the lab could not be built',
      message: 'tcpdump: tcpdump is not installed\nsudo apt-get install tcpdump',
    });
    expect(rest).toHaveLength(1);
  });

  it('ends with the totals', () => {
    expect(lines(ALL, UNBUILT).at(-1)).toBe('::notice title=packetwalk::2 passed, 3 failed, 1 inconclusive, 3 skipped');
  });
});

describe('characters that mean something to the runner', () => {
  const name = 'a%b, c:d\ne\r::warning file=x::y';

  it('are escaped in titles and files', () => {
    const [line = ''] = lines(lab([renamed(FAIL, name)]));
    expect(line).toContain('title=a%25b%2C c%3Ad%0Ae%0D%3A%3Awarning file=x%3A%3Ay ');
    expect(parse(line).title).toBe(`${name} (nodeport-snat · iptables · vxlan)`);
  });

  it('are escaped in messages as far as they must be', () => {
    const [line = ''] = lines(lab([renamed(SKIPPED, 'SCTP', '100%\nof it, all: gone\r')]));
    expect(line).toMatch(/::100%25%0Aof it, all: gone%0D$/);
  });

  it('never make a second line', () => {
    const verdicts = [renamed(FAIL, name, name), renamed(SKIPPED, name, name), renamed(INCONCLUSIVE, name, name)];
    const all = lines(lab(verdicts, { name, problem: { message: name, remedy: name } }));
    expect(all.filter((line) => !line.startsWith('::'))).toEqual([]);
    expect(all).toHaveLength(1 + 2 + 1);
  });
});
