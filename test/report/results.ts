/** One result of every kind: passed, failed, inconclusive, skipped, a state check, a lab that could not be built. */
import { judgeConnections, judgeState } from '../../src/judge/index.ts';
import type { LabResult } from '../../src/judge/result.ts';
import type { Verdict } from '../../src/judge/verdict.ts';
import type { ConnectionCheck, ListingName } from '../../src/model/check.ts';
import { connectionCheck, delivered, dropped, probe, relayed, stateCheck } from '../judge/walks.ts';
import { wiringOf } from '../stitch/wirings.ts';

const wiring = wiringOf('nodeport-snat');
const named = (name: string, rest: Partial<ConnectionCheck> = {}) => ({ name, ...rest });

export const PASS: Verdict = judgeConnections(
  connectionCheck({ outcome: 'delivered', endpoint: ['pod/web-0'] }, named('the pod is reached')),
  [delivered()],
  wiring,
  41,
);

export const RELAYED: Verdict = judgeConnections(
  connectionCheck({ relays: ['node/node1'] }, named('kube-proxy passes it on')),
  [relayed()],
  wiring,
  52,
);

export const FAIL: Verdict = judgeConnections(
  connectionCheck(
    { outcome: 'delivered', path: [{ place: 'host/client' }, { place: 'node/node1' }] },
    named('the path is short'),
  ),
  [dropped()],
  wiring,
  1004,
);

export const SPREAD_FAIL: Verdict = judgeConnections(
  connectionCheck({ spread: { over: 'several' } }, named('requests are spread', { connections: 3 })),
  [delivered(), delivered(), delivered()],
  wiring,
  60,
);

export const INCONCLUSIVE: Verdict = judgeConnections(
  connectionCheck({ outcome: 'dropped' }, named('nothing arrives')),
  [dropped({ doubt: 'the capture at node/node2 cannot be relied on: the kernel left 3 packets out' })],
  wiring,
  1000,
);

export const SKIPPED: Verdict = judgeConnections(
  connectionCheck({ outcome: 'delivered' }, named('SCTP passes')),
  [dropped({ probe: probe({ kind: 'unsupported', reason: 'this kernel has no SCTP' }) })],
  wiring,
  2,
);

export const STATE_PASS: Verdict = judgeState(
  stateCheck([{ name: 'routes', has: ['default'], lacks: [] }], 'there is a default route'),
  new Map<ListingName, string>([['routes', 'default via 10.0.0.1 dev eth0\n']]),
  8,
);

export const STATE_FAIL: Verdict = judgeState(
  stateCheck([{ name: 'routes', has: ['10.244.2.0/24'], lacks: ['default'] }]),
  new Map<ListingName, string>([['routes', 'default via 10.0.0.1 dev eth0\n']]),
  8,
);

export function lab(verdicts: readonly Verdict[], changes: Partial<LabResult> = {}): LabResult {
  return {
    file: 'topologies/nodeport-snat.yaml',
    name: 'nodeport-snat',
    cni: 'vxlan',
    proxy: 'iptables',
    sandbox: 'rootless',
    kernel: '6.18.0',
    faults: [],
    verdicts,
    durationMs: 1432,
    ...changes,
  };
}

/** What pipeline.ts makes of a lab that could not be built. */
export const UNBUILT: LabResult = lab(
  [
    {
      kind: 'connection',
      check: connectionCheck({ outcome: 'delivered' }),
      verdict: 'skipped',
      reason: 'tcpdump: tcpdump is not installed',
      mismatches: [],
      durationMs: 0,
    },
    {
      kind: 'state',
      check: stateCheck([{ name: 'routes', has: ['default'], lacks: [] }]),
      verdict: 'skipped',
      reason: 'tcpdump: tcpdump is not installed',
      mismatches: [],
      listings: {},
      durationMs: 0,
    },
  ],
  {
    name: 'broken',
    kernel: '',
    faults: ['no-dnat'],
    problem: { message: 'tcpdump: tcpdump is not installed', remedy: 'sudo apt-get install tcpdump' },
  },
);

export const ALL: LabResult = lab([PASS, FAIL, SPREAD_FAIL, INCONCLUSIVE, SKIPPED, STATE_PASS, STATE_FAIL]);

/** A copy of a verdict whose check has this name and, if given, this reason. */
export function renamed(verdict: Verdict, name: string, reason = verdict.reason): Verdict {
  return { ...verdict, reason, check: { ...verdict.check, name } } as Verdict;
}
