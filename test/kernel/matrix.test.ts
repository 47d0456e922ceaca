/**
 * The matrix against real labs: what is measured is what policies say, in modes of the network plugin and of kube-proxy, and in both
 * families; it follows labels and policies of a lab that runs; and it is red where rules are missing, or an enforcer makes a mistake.
 */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { buildLab } from '../../src/agent/lab.ts';
import type { Cell } from '../../src/judge/reachability.ts';
import { matrix, type PrepareOptions, pairs } from '../../src/pipeline.ts';
import { labFolder, packetwalk, prepared, sandboxes } from './tools.ts';

const TIMEOUT_MS = 1000;
const LABS = { timeout: 120_000 };

async function cellsOf(topology: string, options: Partial<PrepareOptions> = {}, family: 4 | 6 = 4): Promise<Cell[]> {
  const { cluster, state } = prepared(`topologies/${topology}.yaml`, options);
  const lab = await buildLab(cluster, state, await sandboxes.for(state));
  try {
    return await matrix(lab, pairs(lab, { protocols: ['TCP', 'UDP'], family }), TIMEOUT_MS);
  } finally {
    await lab.close();
  }
}

function differing(cells: readonly Cell[]): string[] {
  return cells.filter(({ differs }) => differs).map(({ from, to }) => `${from.place} → ${to.text}`);
}

describe('what is measured is what policies say', LABS, () => {
  it.concurrent.each([
    ['policy-egress', { cni: 'vxlan' }],
    ['policy-egress', { cni: 'host-gw', proxy: 'nftables' }],
    ['policy-egress', { cni: 'calico-vxlan' }],
    ['policy-egress', { cni: 'docker', proxy: 'none' }],
    ['policy-namespaces', { cni: 'calico-vxlan', proxy: 'nftables' }],
    ['policy-namespaces', { cni: 'vxlan' }],
    ['policy-ports', { cni: 'calico-vxlan' }],
    ['policy-ports', { cni: 'vxlan', proxy: 'userspace' }],
    ['policy-services', { proxy: 'nftables' }],
    ['policy-services', { cni: 'calico-vxlan' }],
    ['policy-parts', { cni: 'calico-vxlan' }],
  ] as const)('%s, %o', async (topology, options) => {
    const cells = await cellsOf(topology, options);
    expect(differing(cells)).toEqual([]);
    expect(cells.map(({ expected }) => expected)).toEqual(expect.arrayContaining(['allowed', 'denied']));
  });

  it('in IPv6', async () => {
    const cells = await cellsOf('policy-dual-stack', {}, 6);
    expect(differing(cells)).toEqual([]);
    expect(cells.filter(({ expected }) => expected === 'denied').length).toBeGreaterThan(2);
  });
});

describe('what differs is found:', LABS, () => {
  it.concurrent.each(['vxlan', 'calico-vxlan'] as const)('every denial, where nobody enforces: %s', async (cni) => {
    const cells = await cellsOf('policy-egress', { cni, faults: ['no-policy'] });
    const denied = cells.filter(({ expected }) => expected === 'denied');
    expect(denied.length).toBeGreaterThan(5);
    expect(differing(cells)).toEqual(denied.map(({ from, to }) => `${from.place} → ${to.text}`));
  });

  it('kube-router lets out whom the same policy lets in', async () => {
    expect(differing(await cellsOf('policy-parts'))).toEqual(['pod/nginx → pod/redis:6379']);
  });

  it('a masquerade hides who a pod is', async () => {
    expect(differing(await cellsOf('policy-namespaces', { cni: 'bridge' }))).toContain('pod/prod/job → pod/db:5433');
  });
});

describe('packetwalk matrix', LABS, () => {
  const env = labFolder();
  const folder = mkdtempSync('/tmp/packetwalk-matrix-');
  const file = `${folder}/lab.yaml`;
  const run = (...args: string[]) => packetwalk(['matrix', ...args], { env });
  const up = async (text: string) => {
    writeFileSync(file, text);
    expect(await packetwalk(['up', '-f', file, '--name', 'policies'], { env })).toMatchObject({ code: 0 });
  };
  afterAll(() => packetwalk(['down', '--all'], { env }));

  it('ends 0 when all is as the policies say, 1 when it is not', async () => {
    expect(await run('-f', 'topologies/policy-egress.yaml')).toMatchObject({ code: 0 });
    const { code, stdout } = await run('-f', 'topologies/policy-egress.yaml', '--fault', 'no-policy', '-o', 'csv');
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^pod\/job,pod\/db:80,10\.244\.2\.2,80,TCP,denied,reached,pod\/db,true,egress of pod\/job: out-of-job allows no egress$/m,
    );
  });

  it('ends 2 where nothing answers, and says what to do', async () => {
    const { code, stderr } = await run('-f', 'topologies/policy-egress.yaml', '--protocol', 'UDP');
    expect({ code, stderr }).toMatchObject({ code: 2, stderr: expect.stringContaining('--port 80 asks that port') });
  });

  it('follows labels and policies of a running lab, and leaves its ports as they were', async () => {
    const text = readFileSync('topologies/policy-egress.yaml', 'utf8');
    const reach = async (from: string, to: string) => {
      const { stdout } = await run('--lab', 'policies', '--port', '8080', '-o', 'json');
      const { cells } = JSON.parse(stdout) as {
        cells: { from: string; to: string; measured: string; differs: boolean }[];
      };
      expect(cells.filter(({ differs }) => differs)).toEqual([]);
      return cells.find((cell) => cell.from === from && cell.to === to)!.measured === 'reached';
    };
    await up(text);
    expect(await reach('pod/job', 'pod/db:8080')).toBe(false);
    await up(
      text.replace('metadata: { name: job, labels: { app: job } }', 'metadata: { name: job, labels: { app: web } }'),
    );
    expect(await reach('pod/job', 'pod/cache:8080')).toBe(false);
    await up(
      text.replace(
        'spec: { podSelector: { matchLabels: { app: cache } } }',
        'spec: { podSelector: {}, ingress: [{}] }',
      ),
    );
    expect(await reach('pod/web', 'pod/cache:8080')).toBe(true);
    const { stdout } = await packetwalk(['exec', '--lab', 'policies', 'pod/cache', '--', 'ss', '-Htln'], { env });
    expect(stdout).toContain(':80 ');
    expect(stdout).not.toContain(':8080 ');
  });

  it('tries 9 × 9 pods with two protocols in a few seconds', async () => {
    const { code, stdout } = await run(
      '-f',
      'scripts/bench/nine-pods.yaml',
      '--port',
      '80',
      '--protocol',
      'tcp,udp',
      '-o',
      'json',
    );
    const { totals, durationMs } = JSON.parse(stdout) as {
      totals: { pairs: number; denied: number };
      durationMs: number;
    };
    expect(code).toBe(0);
    expect(totals.pairs).toBeGreaterThanOrEqual(9 * 9 * 2);
    expect(totals.denied).toBeGreaterThan(50);
    expect(durationMs).toBeLessThan(30_000);
  });
});
