/**
 * The program of a virtual machine. It gives every channel that is opened an agent in namespaces of its own:
 *
 *   hello    none: it is ended at once, which says that there is somebody
 *   own      a lab of the opener's: a new agent, which ends with the channel
 *   shared   the lab this machine is kept for: one agent, which ends the machine when it ends
 *
 * Standard input is the serial port's; descriptor 1 is the port itself.
 */
import { mkdirSync, writeSync } from 'node:fs';

import { createConnection } from 'node:net';
import { dirname } from 'node:path';
import { type Duplex, Writable } from 'node:stream';
import { start } from '../apply/kernel/command.ts';
import { hostNamespace, namespacesCommand } from '../apply/sandbox/namespaces.ts';
import { Channels, HELLO, join } from '../apply/sandbox/vm/channels.ts';
import { programPath } from './sandbox.ts';

const SOCKET = '/run/packetwalk/agent.sock';
const RETRY_MS = 20;

const port = new Writable({
  /** The port takes at most 32 KiB at a time. */
  write: (chunk: Buffer, _encoding, done) => {
    for (let offset = 0; offset < chunk.length; ) offset += writeSync(1, chunk, offset);
    done();
  },
});

function startAgent(...mode: readonly string[]) {
  const program = [process.execPath, programPath('agent'), hostNamespace(), ...mode];
  return start(namespacesCommand('root', program, true), {
    stdio: ['pipe', 'ignore', 'inherit', 'pipe'],
    buffer: false,
  });
}

/** Started before it is asked for: that takes a second where the machine is emulated. */
let spare: ReturnType<typeof startAgent> | undefined;

function serveOwn(channel: Duplex): void {
  const agent = spare ?? startAgent('pipe');
  spare = startAgent('pipe');
  join(channel, agent.stdio[3] as Duplex);
}

function serveShared(channel: Duplex): void {
  const connect = () => {
    const connection = createConnection(SOCKET);
    connection.once('connect', () => join(channel, connection));
    connection.once('error', () => setTimeout(connect, RETRY_MS));
  };
  connect();
}

new Channels(process.stdin, port, (channel, purpose) => {
  if (purpose === HELLO) channel.end();
  else if (purpose === 'shared') serveShared(channel);
  else serveOwn(channel);
});
process.stdin.on('close', () => process.exit(0));
if (process.argv[2] === 'shared') {
  mkdirSync(dirname(SOCKET));
  void startAgent('socket', SOCKET).then(() => process.exit(0));
} else {
  spare = startAgent('pipe');
}
