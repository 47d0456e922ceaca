/** Where running labs are kept: what is in the way is told before anything is started, and other versions are known. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Message, readMessages, writeMessage } from '../../src/agent/protocol.ts';
import { createLab, type LabRecord, listLabs, openLab } from '../../src/agent/registry.ts';
import { SandboxError } from '../../src/apply/sandbox/error.ts';
import { VERSION } from '../../src/version.ts';

let folder: string;
const before = process.env.XDG_RUNTIME_DIR;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'packetwalk-registry-'));
  process.env.XDG_RUNTIME_DIR = folder;
});

afterEach(() => {
  rmSync(folder, { recursive: true });
  if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
  else process.env.XDG_RUNTIME_DIR = before;
});

async function complaint(action: () => unknown): Promise<string> {
  const error = await (async () => action())().catch((reason: unknown) => reason);
  if (!(error instanceof SandboxError)) throw error;
  return `${error.message} | ${error.remedy}`;
}

describe('a lab is not begun', () => {
  it('where its folder cannot be made', async () => {
    writeFileSync(join(folder, 'file'), '');
    process.env.XDG_RUNTIME_DIR = join(folder, 'file');
    expect(await complaint(() => createLab('web', { kind: 'root' }))).toMatch(
      /^the folder of running labs cannot be made: .* \| set XDG_RUNTIME_DIR/,
    );
  });

  it('in a folder that is open to others', async () => {
    mkdirSync(join(folder, 'packetwalk'), { mode: 0o755 });
    expect(await complaint(() => createLab('web', { kind: 'root' }))).toMatch(/open to others \| remove it/);
  });

  it('whose socket would have too long a path', async () => {
    process.env.XDG_RUNTIME_DIR = join(folder, 'x'.repeat(80));
    expect(await complaint(() => createLab('web', { kind: 'root' }))).toMatch(
      /is too long for a socket \| choose a shorter --name/,
    );
    expect(listLabs()).toEqual([]);
  });
});

describe('a lab that is running', () => {
  const record = { name: 'web' } as LabRecord;

  /** An agent that knows who it is, and nothing else. */
  function agentOf(version: string): Promise<Server> {
    mkdirSync(join(folder, 'packetwalk/web'), { recursive: true });
    const server = createServer((connection) => {
      const answer = ({ id }: Message) =>
        writeMessage(connection, { id, result: { pid: 1, kernel: '6.18.0', version } });
      readMessages(connection, answer);
    });
    return new Promise((resolve) => server.listen(join(folder, 'packetwalk/web/agent.sock'), () => resolve(server)));
  }

  it('is opened by the version that made it', async () => {
    const server = await agentOf(VERSION);
    const { agent, kernel } = await openLab(record);
    expect(kernel).toBe('6.18.0');
    agent.close();
    server.close();
  });

  it('is not by another', async () => {
    const server = await agentOf('0.0.1');
    expect(await complaint(() => openLab(record))).toBe(
      `lab web was made by packetwalk 0.0.1, and this is ${VERSION} | packetwalk down web, then up again`,
    );
    server.close();
  });
});
