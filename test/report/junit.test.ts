/** JUnit XML: well-formed whatever stands in names and reasons, with the counts and texts a CI system shows. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toJunit } from '../../src/report/junit.ts';
import { ALL, FAIL, INCONCLUSIVE, lab, PASS, renamed, SKIPPED, STATE_FAIL, UNBUILT } from './results.ts';
import { elements, parseXml } from './xml.ts';

const read = (...labs: Parameters<typeof toJunit>[0]) => parseXml(toJunit(labs, 2468));

describe('the XML reader of these tests', () => {
  it.each([
    ['an element that is not closed', '<a><b></a>'],
    ['a bare ampersand', '<a>R&D</a>'],
    ['a bare < in an attribute', '<a b="<"/>'],
    ['an attribute twice', '<a b="1" b="2"/>'],
    ['two roots', '<a/><b/>'],
    ['a control character', '<a>\u0001</a>'],
    ['the end of a CDATA section', '<a>]]></a>'],
  ])('refuses %s', (_, xml) => {
    expect(() => parseXml(`<?xml version="1.0" encoding="UTF-8"?>\n${xml}`)).toThrow();
  });
});

describe('a run', () => {
  it('has a suite for every lab and a case for every check, and counts them', () => {
    const root = read(ALL, UNBUILT);
    expect(root).toMatchObject({
      name: 'testsuites',
      attributes: { name: 'packetwalk', tests: '10', failures: '3', errors: '2', skipped: '3', time: '2.468' },
    });
    expect(elements(root, 'testsuite').map(({ attributes }) => attributes)).toEqual([
      {
        name: 'nodeport-snat · iptables · vxlan',
        tests: '7',
        failures: '3',
        errors: '1',
        skipped: '1',
        time: '1.432',
      },
      {
        name: 'broken · iptables · vxlan · no-dnat',
        tests: '3',
        failures: '0',
        errors: '1',
        skipped: '2',
        time: '1.432',
      },
    ]);
    expect(elements(root, 'testcase')).toHaveLength(10);
  });

  it('of nothing is well-formed', () => {
    expect(read()).toMatchObject({ attributes: { tests: '0' }, children: [] });
  });
});

describe('a lab', () => {
  it('has its file, its modes and the kernel as properties', () => {
    const properties = elements(read(lab([])), 'property').map(({ attributes }) => [attributes.name, attributes.value]);
    expect(Object.fromEntries(properties)).toEqual({
      file: 'topologies/nodeport-snat.yaml',
      cni: 'vxlan',
      proxy: 'iptables',
      sandbox: 'rootless',
      kernel: '6.18.0',
    });
  });

  it('that could not be built is an error that says why and what to do: a report of skipped checks alone looks fine', () => {
    const [testcase, ...checks] = elements(read(UNBUILT), 'testcase');
    expect(testcase!.attributes.name).toBe('the lab could not be built');
    expect(testcase!.children).toMatchObject([
      {
        name: 'error',
        attributes: { type: 'environment', message: 'tcpdump: tcpdump is not installed' },
        text: 'tcpdump: tcpdump is not installed\nsudo apt-get install tcpdump',
      },
    ]);
    expect(checks.map(({ children }) => children[0]?.name)).toEqual(['skipped', 'skipped']);
  });
});

describe('a check', () => {
  const caseOf = (verdict: typeof PASS) => elements(read(lab([verdict])), 'testcase')[0]!;

  it('that passed is a case and nothing else', () => {
    expect(caseOf(PASS)).toEqual({
      name: 'testcase',
      attributes: {
        name: 'the pod is reached',
        classname: 'nodeport-snat.iptables.vxlan',
        file: 'topologies/nodeport-snat.yaml',
        line: '14',
        time: '0.041',
      },
      children: [],
      text: '',
    });
  });

  it('that failed has a failure with what did not fit and the walk up to there', () => {
    const [failure] = caseOf(FAIL).children;
    expect(failure).toMatchObject({ name: 'failure', attributes: { type: 'outcome', message: FAIL.reason } });
    const text = failure!.text.split('\n');
    expect(text.slice(0, 3)).toEqual([
      'outcome: expected delivered',
      '         observed dropped: it was last seen leaving node/node1 by eth0, never at node/node2',
      'at topologies/nodeport-snat.yaml:14',
    ]);
    expect(text.at(-2)).toBe('  node/node1   eth0       out  VXLAN vni 1  10.0.0.11 → 10.0.0.12:8472');
    expect(failure!.text).not.toContain('\u001b');
  });

  it('that failed says how to see it again, and where its packets are', () => {
    const where = { command: 'packetwalk test a.yaml --cni vxlan', capture: 'captures/a-vxlan-iptables.pcapng' };
    for (const [verdict, name] of [
      [FAIL, 'failure'],
      [INCONCLUSIVE, 'error'],
    ] as const)
      expect(elements(read(lab([verdict], where)), name)[0]!.text).toContain(
        'nodeport-snat.yaml:14\nagain: packetwalk test a.yaml --cni vxlan\npackets: captures/a-vxlan-iptables.pcapng\n',
      );
    expect(elements(read({ ...UNBUILT, ...where }), 'error')[0]!.text).toContain('\nagain: packetwalk test a.yaml');
  });

  it('that failed where modes differ says why they do', () => {
    const differs = { ...FAIL, check: { ...FAIL.check, because: 'IPVS answers itself' } } as typeof FAIL;
    expect(caseOf(differs).children[0]?.text).toContain('\ndiffers from other modes: IPVS answers itself\n');
  });

  it('of state that failed has the listings', () => {
    expect(caseOf(STATE_FAIL).children[0]?.text).toContain('routes:\ndefault via 10.0.0.1 dev eth0');
  });

  it('that is inconclusive is an error, not a failure', () => {
    const [error] = caseOf(INCONCLUSIVE).children;
    expect(error).toMatchObject({ name: 'error', attributes: { type: 'inconclusive', message: INCONCLUSIVE.reason } });
    expect(error?.text).toContain(INCONCLUSIVE.reason);
  });

  it('that was skipped says why', () => {
    expect(caseOf(SKIPPED).children).toEqual([
      { name: 'skipped', attributes: { message: 'this kernel has no SCTP' }, children: [], text: '' },
    ]);
  });
});

describe('special characters', () => {
  const nameOf = (name: string) => elements(read(lab([renamed(PASS, name)])), 'testcase')[0]!.attributes.name;

  it('come out as they went in', () => {
    const name = `<b>"R&D" & 'more'</b> ]]> &amp; 10.0.0.1 → größer 🚀`;
    expect(nameOf(name)).toBe(name);
  });

  it('that XML does not allow are left out', () => {
    expect(nameOf('a\u0000b\u0007c\u001b[31md\u000be')).toBe('abc[31mde');
    expect(nameOf('a\ufffeb\uffffc')).toBe('abc');
    expect(nameOf('a\ud800b\udfffc\u{1f680}')).toBe('abc\u{1f680}');
  });

  it('do not break a failure, wherever they stand', () => {
    const verdict = renamed(FAIL, 'a <check>', 'expected <a> & "b"\u0000');
    const [failure] = elements(read(lab([verdict], { file: 'a&b.yaml', kernel: '"' })), 'failure');
    expect(failure?.attributes.message).toBe('expected <a> & "b"');
  });

  it('of any kind give a well-formed document', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 30 }), fc.string({ unit: 'binary' }), (name, reason) => {
        expect(() => read(lab([renamed(FAIL, name, reason), renamed(SKIPPED, name, reason)], { name }))).not.toThrow();
      }),
      { examples: [['\uffff', '\ufffe']] },
    );
  });
});
