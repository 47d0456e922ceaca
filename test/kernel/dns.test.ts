/**
 * Names with the machine's own tools and over real packets: what programs at a place find, and what a datagram cannot hold.
 *
 *   pod/client, pod/full ── node1 ── coredns ── 10.96.0.10           headless many: 40 pods, more than 512 bytes of addresses
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prepare, test } from '../../src/pipeline.ts';
import { packetwalk, sandboxes } from './tools.ts';

const LAB = `
apiVersion: packetwalk.dev/v1alpha1
kind: Topology
metadata: { name: dns-tools }
spec:
  cluster: { dns: {} }
  nodes: [{ name: node1 }, { name: node2 }]
  hosts: [{ name: db.test.com, listen: [5432] }]
  checks:
  - name: all forty, over TCP
    from: pod/client
    resolve: many
    expect: { answers: [${Array.from({ length: 40 }, (_, index) => `pod/many-${index}`).join(', ')}] }
  - name: by a name of hosts, without a question
    from: pod/full
    to: alias.remote:5432
    expect: { outcome: delivered, endpoint: host/db.test.com }
---
apiVersion: v1
kind: Service
metadata: { name: web }
spec: { ports: [{ port: 80 }] }
---
apiVersion: v1
kind: Service
metadata: { name: many }
spec: { clusterIP: None, selector: { app: many }, ports: [{ port: 80 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: many }
spec:
  replicas: 40
  selector: { matchLabels: { app: many } }
  template: { metadata: { labels: { app: many } }, spec: { containers: [{ name: app }] } }
---
apiVersion: v1
kind: Pod
metadata: { name: client }
spec: { containers: [{ name: app }] }
---
apiVersion: v1
kind: Pod
metadata: { name: full }
spec:
  hostname: h
  subdomain: many
  setHostnameAsFQDN: true
  hostAliases: [{ ip: 10.0.0.100, hostnames: [alias.remote] }]
  containers: [{ name: app }]
`;

describe('by real packets', () => {
  it('what a datagram cannot hold is asked for again over TCP, and what stands in hosts is not asked for', async () => {
    const { prepared } = prepare([{ name: 'lab.yaml', text: LAB }], { name: 'lab', namespace: 'default' });
    const { verdicts } = await test(prepared!, { file: 'lab.yaml', sandboxes });
    expect(verdicts.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ['pass', expect.stringMatching(/^pod\/kube-system\/coredns-\d answered$/)],
      ['pass', 'host/db.test.com answered'],
    ]);
    const [many, alias] = verdicts.map((verdict) => (verdict.kind === 'connection' ? verdict.walk! : undefined));
    expect(many!.probe.protocol).toBe('TCP');
    expect(many!.queries).toMatchObject([{ probe: { protocol: 'UDP', result: { reply: { truncated: true } } } }]);
    expect(many!.hops[0]!.packet).toMatchObject({ protocol: 'TCP', info: 'SYN' });
    expect(alias!.queries).toEqual([]);
  });
});

describe('by the machine’s own tools', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'packetwalk-dns-')), 'lab.yaml');
  beforeAll(async () => {
    writeFileSync(file, LAB);
    const { code, stderr } = await packetwalk(['up', '-f', file]);
    expect(code, stderr).toBe(0);
  });
  afterAll(() => packetwalk(['down', 'dns-tools']));

  const at = async (place: string, ...argv: string[]) => {
    const { code, stdout } = await packetwalk(['exec', '--lab', 'dns-tools', place, '--', ...argv]);
    return { code, stdout };
  };

  it.each([
    ['pod/client', ['getent', 'hosts', 'web'], /^10\.96\.0\.100\s+web\.default\.svc\.cluster\.local\n$/],
    ['pod/client', ['getent', 'hosts', '10.96.0.100'], /^10\.96\.0\.100\s+web\.default\.svc\.cluster\.local\n$/],
    ['pod/client', ['getent', 'hosts', 'db.test.com'], /^10\.0\.0\.100\s+db\.test\.com\n$/],
    ['pod/full', ['getent', 'hosts', 'alias.remote'], /^10\.0\.0\.100\s+alias\.remote\n$/],
    ['pod/client', ['hostname'], /^client\n$/],
    ['pod/full', ['hostname'], /^h\.many\.default\.svc\.cluster\.local\n$/],
    ['pod/client', ['cat', '/etc/resolv.conf'], /^search default\.svc.*\nnameserver 10\.96\.0\.10\noptions ndots:5\n$/],
    ['pod/client', ['env'], /^WEB_SERVICE_HOST=10\.96\.0\.100$/m],
    ['node/node1', ['hostname'], /^node1\n$/],
    ['node/node1', ['getent', 'hosts', 'db.test.com'], /^10\.0\.0\.100\s+db\.test\.com\n$/],
  ])('%s: %j', async (place, argv, printed) => {
    expect(await at(place, ...argv)).toEqual({ code: 0, stdout: expect.stringMatching(printed) });
  });

  it('a name nobody has is not found, and neither is a program', async () => {
    expect(await at('pod/client', 'getent', 'hosts', 'nobody')).toEqual({ code: 2, stdout: '' });
    expect((await at('pod/client', 'no-such-program')).code).toBe(127);
  });
});
