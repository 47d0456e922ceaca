/** Asks a nameserver over TCP. */
import { Socket } from 'node:net';
import { readReply, writeQuery } from '../../dns/message.ts';
import type { Question } from '../../dns/record.ts';
import { deadline } from '../deadline.ts';
import type { ProbeResult } from '../probe.ts';
import { framed } from './server.ts';

export function askOverStream(fd: number, question: Question, id: number, timeoutMs: number): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const connection = new Socket({ fd, readable: true, writable: true });
    const finish = (result: ProbeResult) => {
      cancel();
      connection.destroy();
      resolve(result);
    };
    const cancel = deadline(timeoutMs, () => finish({ kind: 'timeout' }));
    let received = Buffer.alloc(0);
    connection.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      if (received.length < 2 || received.length < 2 + received.readUInt16BE(0)) return;
      const reply = readReply(received.subarray(2));
      finish(reply ? { kind: 'answered', reply } : { kind: 'refused', errno: 'EBADMSG' });
    });
    connection.on('end', () => finish({ kind: 'refused', errno: 'ECONNRESET' }));
    connection.on('error', (error: NodeJS.ErrnoException) =>
      finish({ kind: 'refused', errno: error.code ?? error.message }),
    );
    connection.write(framed(writeQuery(id, question)));
  });
}
