/**
 * Docker Engine in a running lab: docker-proxy with what no probe sends, and containers that come, change and go.
 *
 *   client ── dock :8080 ─┬─ docker-proxy ── container/dock/web 172.17.0.2:80
 *                         └─ DNAT ──────────┘
 */
import { afterAll, beforeAll, describe, expect, test as it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import { converge } from '../../src/plan/converge.ts';
import { stream, topology } from '../model/objects.ts';
import { preparedText, sandboxes } from './tools.ts';

const WEB = { name: 'web', publish: ['8080:80'] };

function dock(...containers: readonly object[]) {
  const hosts = [{ name: 'dock', docker: { containers } }, { name: 'client' }];
  return preparedText(stream(topology({ nodes: [{ name: 'node1' }], cluster: { proxy: { mode: 'none' } }, hosts })));
}

describe('a running engine', () => {
  const first = dock(WEB);
  let running: Lab & { close(): Promise<void> };
  const shell = async (namespace: string, command: string) =>
    (await running.agent.call('run', { namespace, argv: ['bash', '-c', command] })).stdout;
  const change = async (from: typeof first, to: typeof first) => {
    await running.agent.call('apply', converge(from.state, to.state));
    await running.agent.call('listen', to.cluster.listeners);
  };
  const ask = (namespace: string, address: string, port: number) =>
    shell(namespace, `exec 3<>/dev/tcp/${address}/${port} || exit 0; printf 'hello\\n\\n' >&3; timeout 2 cat <&3`);

  beforeAll(async () => {
    running = await buildLab(first.cluster, first.state, await sandboxes.for(first.state));
  });
  afterAll(() => running.close());

  it('relays what carries no mark: the container answers a line, and saw docker0', async () => {
    expect(JSON.parse(await ask('host.dock', '127.0.0.1', 8080))).toMatchObject({
      endpoint: 'container/dock/web',
      source: expect.stringMatching(/^172\.17\.0\.1:/),
    });
  });

  it('hears the container out when the client has said all it has to say', async () => {
    const client =
      "require('node:net').connect({ port: 8080, host: '127.0.0.1', allowHalfOpen: true }).end('hello\\n\\n').pipe(process.stdout)";
    const argv = [process.execPath, '-e', client];
    const { stdout } = await running.agent.call('run', { namespace: 'host.dock', argv });
    expect(stdout).toContain('container/dock/web');
  });

  it('publishes another port while it runs, and takes containers as they come and go', async () => {
    const other = dock(
      { name: 'pause', publish: ['8081:80'] },
      { name: 'app', network: 'container:pause', listen: [80] },
    );
    const none = dock();

    await change(first, other);
    expect(await ask('host.client', '10.0.0.100', 8080)).toBe('');
    expect(await ask('host.client', '10.0.0.100', 8081)).toContain('container/dock/app');
    expect(await ask('host.dock', '127.0.0.1', 8081)).toContain('"source":"172.17.0.1:');
    expect(await shell('host.dock', 'ss -Htln')).not.toContain(':8080 ');

    await change(other, none);
    expect(await ask('host.client', '10.0.0.100', 8081)).toBe('');
    expect(await shell('host.dock', 'ss -Htln')).toBe('');

    await change(none, first);
    expect(await ask('host.client', '10.0.0.100', 8080)).toContain('container/dock/web');
  });
});
