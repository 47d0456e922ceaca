/** The serial port of a virtual machine, from inside: standard input reads from it, descriptor 1 is the port itself. */
import { writeSync } from 'node:fs';
import { type Duplex, Writable } from 'node:stream';
import { Channels, HELLO } from '../apply/sandbox/vm/channels.ts';

/** Hands over every channel that is opened, and tells whoever asks that there is somebody. Ends this process with the port. */
export function openSerialPort(accept: (channel: Duplex) => void): void {
  const output = new Writable({
    /** The port takes at most 32 KiB at a time. */
    write: (chunk: Buffer, _encoding, done) => {
      for (let offset = 0; offset < chunk.length; ) offset += writeSync(1, chunk, offset);
      done();
    },
  });
  new Channels(process.stdin, output, (channel, purpose) => (purpose === HELLO ? channel.end() : accept(channel)));
  const end = () => process.exit(0);
  process.stdin.on('end', end).on('close', end);
}
