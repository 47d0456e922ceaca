/** `--capture-dir`: one pcapng a lab that stock Wireshark understands. tshark is asked. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { beforeAll, expect, it } from 'vitest';
import { packetwalk, run } from './tools.ts';

const folder = mkdtempSync('/tmp/packetwalk-pcapng-');
const file = `${folder}/nodeport-snat-vxlan-iptables.pcapng`;

async function tshark(...args: string[]): Promise<string[]> {
  const { code, stdout } = await run('tshark', ['-r', file, ...args]);
  expect(code).toBe(0);
  return stdout.split('\n').filter((line) => line !== '');
}

beforeAll(async () => {
  expect(await packetwalk(['test', 'topologies/nodeport-snat.yaml', '--capture-dir', folder])).toMatchObject({
    code: 0,
  });
});

it('is one file for the lab', () => {
  expect(readdirSync(folder)).toEqual(['nodeport-snat-vxlan-iptables.pcapng']);
});

it('calls every interface by place and device', async () => {
  const names = new Set(await tshark('-T', 'fields', '-e', 'frame.interface_name'));
  expect([...names]).toEqual(
    expect.arrayContaining([
      'host/client/eth0',
      'node/node1/eth0',
      'node/node1/flannel.1',
      'node/node2/cni0',
      'pod/web-0/eth0',
    ]),
  );
});

it('comments each probe packet with its check, its hop and what was rewritten before', async () => {
  const comments = await tshark('-T', 'fields', '-e', 'frame.comment', '-Y', 'frame.comment');
  const first = 'the node without an endpoint hides the client from the pod';
  expect(comments).toContain(`${first}: hop 1 of 9`);
  expect(
    comments.some((comment) =>
      new RegExp(
        `^${first}: hop 3 of 9; before: DNAT {2}10\\.0\\.0\\.11:30080 → 10\\.244\\.2\\.2:8080 at node/node1; before: SNAT`,
      ).test(comment),
    ),
  ).toBe(true);
  expect(comments.some((comment) => comment.startsWith(`${first}: reply hop 1 of`))).toBe(true);
});

it('is dissected down to the packet inside VXLAN', async () => {
  const lines = await tshark(
    '-d',
    'udp.port==8472,vxlan',
    '-Y',
    'vxlan && tcp.flags.syn==1',
    '-T',
    'fields',
    '-e',
    'vxlan.vni',
    '-e',
    'frame.interface_name',
    '-e',
    'tcp.dstport',
  );
  expect(lines).toEqual(expect.arrayContaining(['1\tnode/node1/eth0\t8080', '1\tnode/node2/eth0\t8080']));
});

it('knows the owners of addresses by name', async () => {
  const [hosts] = await tshark('-z', 'hosts', '-q').then((lines) => [lines.join('\n')]);
  expect(hosts).toMatch(/10\.0\.0\.100\s+host\.client/);
  expect(hosts).toMatch(/10\.244\.2\.2\s+pod\.web-0/);
});

it('holds no malformed packet', async () => {
  expect(await tshark('-d', 'udp.port==8472,vxlan', '-Y', '_ws.malformed')).toEqual([]);
});
