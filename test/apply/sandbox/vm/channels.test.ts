/** What the serial port of a virtual machine carries: every channel gets its own bytes, whatever the others do. */
import { Duplex, PassThrough, Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Channels, join } from '../../../../src/apply/sandbox/vm/channels.ts';

const WINDOW = 256 * 1024;
const MiB = 1024 * 1024;
const [OPEN, DATA, ROOM, END] = [0, 1, 2, 3];

interface Accepted {
  readonly channel: Duplex;
  readonly purpose: string;
}

/** Two ends, and what the far one is given; `cut` divides what the near one sends. */
function ends(cut: (stream: PassThrough) => PassThrough = (stream) => stream) {
  const [there, back] = [new PassThrough(), new PassThrough()];
  const accepted: Accepted[] = [];
  const near = new Channels(back, there);
  new Channels(cut(there), back, (channel, purpose) => accepted.push({ channel, purpose }));
  return { near, there, back, accepted };
}

async function settled(): Promise<void> {
  for (let turns = 0; turns < 50; turns++) await turn();
}

function frame(type: number, channel: number, payload: Buffer = Buffer.alloc(0), length = payload.length): Buffer {
  const header = Buffer.alloc(9);
  header.writeUInt8(type, 0);
  header.writeUInt32BE(channel, 1);
  header.writeUInt32BE(length, 5);
  return Buffer.concat([header, payload]);
}

describe('a channel', () => {
  it('says what it is for, and carries bytes in both directions', async () => {
    const { near, accepted } = ends();
    const channel = near.open('own');
    channel.write('question');
    await settled();
    expect(accepted.map(({ purpose }) => purpose)).toEqual(['own']);
    expect(String(accepted[0]!.channel.read())).toBe('question');
    accepted[0]!.channel.write('answer');
    await settled();
    expect(String(channel.read())).toBe('answer');
  });

  it('gets its own bytes in their order, however the stream is cut and whoever else writes', async () => {
    const written = fc.array(fc.tuple(fc.nat(3), fc.uint8Array({ minLength: 1, maxLength: 40 })), { maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(written, fc.integer({ min: 1, max: 30 }), async (pieces, size) => {
        const { near, accepted } = ends((stream) => cutInto(stream, size));
        const channels = [0, 1, 2, 3].map((index) => near.open(String(index)));
        for (const [index, bytes] of pieces) channels[index]!.write(bytes);
        for (const channel of channels) channel.end();
        await settled();
        const arrived = await Promise.all(accepted.map(({ channel }) => buffer(channel)));
        const sent = [0, 1, 2, 3].map((index) =>
          Buffer.concat(pieces.filter(([which]) => which === index).map(([, bytes]) => bytes)),
        );
        expect(arrived).toEqual(sent);
      }),
      { numRuns: 40 },
    );
  });

  it('that nobody reads from stops its writer, and nobody else', async () => {
    const { near, accepted } = ends();
    const [unread, other] = [near.open('unread'), near.open('other')];
    unread.write(Buffer.alloc(3 * MiB));
    other.write('passes');
    await settled();
    expect(accepted[0]!.channel.readableLength).toBe(WINDOW);
    expect(unread.writableLength).toBe(3 * MiB);
    expect(String(accepted[1]!.channel.read())).toBe('passes');
  });

  it('carries all of it once it is read', async () => {
    const { near, accepted } = ends();
    const channel = near.open('late');
    const bytes = Buffer.alloc(3 * MiB, 'packetwalk');
    channel.end(bytes);
    await settled();
    expect((await buffer(accepted[0]!.channel)).equals(bytes)).toBe(true);
  });

  it('waits for the stream below it together with all others', async () => {
    const blocked = new Writable({ write() {} });
    const channels = new Channels(new PassThrough(), blocked);
    for (let index = 0; index < 40; index++) channels.open('busy').write(Buffer.alloc(100_000));
    await settled();
    expect(blocked.writableNeedDrain).toBe(true);
    expect(blocked.listenerCount('drain')).toBe(1);
  });
});

/** Passes a stream on in pieces of this size. */
function cutInto(stream: PassThrough, size: number): PassThrough {
  const pieces = new PassThrough();
  stream.on('data', (chunk: Buffer) => {
    for (let offset = 0; offset < chunk.length; offset += size) pieces.write(chunk.subarray(offset, offset + size));
  });
  stream.on('end', () => pieces.end());
  return pieces;
}

describe('a channel ends', () => {
  const closed = (channel: Duplex) => new Promise((resolve) => channel.once('close', resolve));

  it.each(['near', 'far'])('for both when the %s end ends it, and what came before is read', async (which) => {
    const { near, accepted } = ends();
    const opened = near.open('x');
    await settled();
    const [ending, other] = which === 'near' ? [opened, accepted[0]!.channel] : [accepted[0]!.channel, opened];
    ending.end('last words');
    ending.resume();
    const [text] = await Promise.all([buffer(other), closed(other), closed(ending)]);
    expect(String(text)).toBe('last words');
  });

  it('at once for both when one end destroys it, though much is waiting to be written', async () => {
    const { near, accepted } = ends();
    const opened = near.open('x');
    opened.write(Buffer.alloc(MiB));
    await settled();
    accepted[0]!.channel.destroy();
    opened.resume();
    await closed(opened);
    expect(opened.destroyed).toBe(true);
  });

  it('with the stream below it, and one that is opened later ends at once', async () => {
    const { near, back } = ends();
    const before = near.open('before');
    back.destroy();
    await closed(before);
    const later = near.open('later');
    await closed(later);
  });

  it('without disturbing what the other end sent before it knew', async () => {
    const { near, accepted, there, back } = ends();
    const opened = near.open('x');
    await settled();
    accepted[0]!.channel.write('too late');
    opened.destroy();
    await settled();
    expect([there.destroyed, back.destroyed]).toEqual([false, false]);
  });
});

describe('bytes that are no frame close the stream they come from, and all channels', () => {
  const channelOfOne = [frame(OPEN, 1, Buffer.from('x'))];
  const GARBAGE: Record<string, readonly Buffer[]> = {
    'an unknown type': [frame(9, 1)],
    'a length that no frame has': [frame(DATA, 1, Buffer.alloc(0), 64 * 1024 + 1)],
    'the most that a length can say': [frame(DATA, 1, Buffer.alloc(0), 0xffffffff)],
    'a channel that is opened twice': [...channelOfOne, frame(OPEN, 1, Buffer.from('x'))],
    'room that is no number': [...channelOfOne, frame(ROOM, 1, Buffer.alloc(3))],
    'more than there is room for': [
      ...channelOfOne,
      ...Array.from({ length: 5 }, () => frame(DATA, 1, Buffer.alloc(64 * 1024))),
    ],
    text: [Buffer.from('Linux version 6.1.0-56-amd64 (debian-kernel@lists.debian.org)\n')],
  };

  it.each(Object.keys(GARBAGE))('%s', async (name) => {
    const [input, output] = [new PassThrough(), new PassThrough()];
    let channel: Duplex | undefined;
    let failure: Error | undefined;
    new Channels(input, output, (accepted) => {
      channel = accepted;
    });
    input.on('error', (error) => {
      failure = error;
    });
    for (const bytes of GARBAGE[name]!) input.write(bytes);
    await settled();
    expect(failure?.message).toBe('what came is no frame of a channel');
    expect(channel?.destroyed ?? true).toBe(true);
  });

  it('but any number of frames that are may come in one piece', async () => {
    const input = new PassThrough();
    const accepted: Accepted[] = [];
    new Channels(input, new PassThrough(), (channel, purpose) => accepted.push({ channel, purpose }));
    input.write(Buffer.concat([...channelOfOne, frame(DATA, 1, Buffer.from('a')), frame(OPEN, 2), frame(END, 1)]));
    await settled();
    expect(accepted.map(({ purpose }) => purpose)).toEqual(['x', '']);
    expect(String(await buffer(accepted[0]!.channel))).toBe('a');
  });
});

describe('two streams that are joined', () => {
  /** Two ends of a wire. */
  function wire(): [Duplex, Duplex] {
    const [there, back] = [new PassThrough(), new PassThrough()];
    const sides = [
      { readable: back, writable: there },
      { readable: there, writable: back },
    ];
    return sides.map((side) => Duplex.from(side).on('error', () => {})) as [Duplex, Duplex];
  }

  it('pass on all that came before one of them closes, to a reader that is slow', async () => {
    const { near, accepted } = ends();
    const opened = near.open('x');
    await settled();
    const [program, far] = wire();
    join(accepted[0]!.channel, far);
    program.end(Buffer.alloc(2 * MiB, 'x'));
    await settled();
    let bytes = 0;
    for await (const chunk of opened) {
      bytes += (chunk as Buffer).length;
      await turn();
    }
    expect(bytes).toBe(2 * MiB);
  });

  it('close together', async () => {
    const { near, accepted } = ends();
    const opened = near.open('x');
    await settled();
    const [, far] = wire();
    join(accepted[0]!.channel, far);
    opened.destroy();
    await settled();
    expect(far.destroyed).toBe(true);
  });
});
