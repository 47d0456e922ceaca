/** Messages to and from an agent come out as they went in, however the stream cuts them. */
import { Duplex, PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { errorOf, type Message, readMessages, writeMessage } from '../../src/agent/protocol.ts';
import { KernelError, type KernelErrorDetails } from '../../src/apply/kernel/errors.ts';

/** What `writeMessage` puts on the stream. */
function bytesOf(...messages: readonly Message[]): Buffer {
  const chunks: Buffer[] = [];
  const stream = new Duplex({
    read() {},
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  for (const message of messages) writeMessage(stream, message);
  return Buffer.concat(chunks);
}

/** What `readMessages` makes of a stream that delivers exactly these chunks. */
function messagesFrom(...chunks: readonly Buffer[]): { messages: unknown[]; closed: () => Error | null | undefined } {
  const stream = new PassThrough();
  stream.on('error', () => {});
  const messages: unknown[] = [];
  readMessages(stream, (message) => messages.push(message));
  for (const chunk of chunks) stream.emit('data', chunk);
  return { messages, closed: () => (stream.destroyed ? stream.errored : undefined) };
}

const hello: Message = { id: 1, method: 'hello', parameter: undefined };
const rich: Message = {
  id: 2,
  result: [
    {
      namespace: 'node.node1',
      pcap: Buffer.from([0, 1, 2, 255]),
      links: new Map([[2, 'eth0']]),
      dropped: 0,
      since: 12n,
      blind: undefined,
    },
  ],
};
const event: Message = { id: 3, event: { stdout: Buffer.from('größer → 1\n') } };

describe('a message', () => {
  it('keeps maps, buffers, big integers and undefined', () => {
    const [message] = messagesFrom(bytesOf(rich)).messages;
    expect(message).toEqual(rich);
    const [capture] = (message as { result: [{ links: Map<number, string>; pcap: Buffer }] }).result;
    expect(capture.links.get(2)).toBe('eth0');
    expect(Buffer.isBuffer(capture.pcap)).toBe(true);
  });

  it('is received once it is whole, wherever the stream cuts it in two', () => {
    const bytes = bytesOf(rich);
    for (let cut = 0; cut <= bytes.length; cut++) {
      expect(messagesFrom(bytes.subarray(0, cut)).messages).toHaveLength(cut === bytes.length ? 1 : 0);
      expect(messagesFrom(bytes.subarray(0, cut), bytes.subarray(cut)).messages).toEqual([rich]);
    }
  });

  it('is received byte by byte, and so are those behind it', () => {
    const bytes = bytesOf(hello, rich, event);
    expect(messagesFrom(...[...bytes].map((byte) => Buffer.of(byte))).messages).toEqual([hello, rich, event]);
  });

  it('is received together with others in one chunk, in order', () => {
    expect(messagesFrom(bytesOf(hello, rich, event, hello)).messages).toEqual([hello, rich, event, hello]);
  });

  it('is received wherever two cuts divide it and its neighbour into three', () => {
    const bytes = bytesOf(hello, event);
    for (let first = 0; first <= bytes.length; first += 3) {
      for (let second = first; second <= bytes.length; second++) {
        const chunks = [bytes.subarray(0, first), bytes.subarray(first, second), bytes.subarray(second)];
        expect(messagesFrom(...chunks).messages).toEqual([hello, event]);
      }
    }
  });

  it('may hold a capture of many megabytes, in chunks of a pipe', () => {
    const pcap = Buffer.alloc(20_000_000, 'packet');
    const bytes = bytesOf({ id: 4, result: { pcap } }, hello);
    const chunks: Buffer[] = [];
    for (let start = 0; start < bytes.length; start += 65_536) chunks.push(bytes.subarray(start, start + 65_536));
    const { messages } = messagesFrom(...chunks);
    expect(messages).toHaveLength(2);
    expect((messages[0] as { result: { pcap: Buffer } }).result.pcap.equals(pcap)).toBe(true);
    expect(messages[1]).toEqual(hello);
  });

  it('that the receiver answers at once is not received twice', () => {
    const stream = new PassThrough();
    const seen: number[] = [];
    readMessages(stream, ({ id }) => {
      seen.push(id);
      if (id < 3) writeMessage(stream, { id: id + 1, result: null });
    });
    writeMessage(stream, { id: 1, result: null });
    return new Promise<void>((resolve) => setImmediate(resolve)).then(() => expect(seen).toEqual([1, 2, 3]));
  });
});

describe('a stream that does not speak the protocol', () => {
  it('is closed at a length no message has', () => {
    const { messages, closed } = messagesFrom(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(messages).toEqual([]);
    expect(closed()?.message).toBe('not a message of an agent');
  });

  it('is closed one byte above the limit, and not at the limit', () => {
    const prefix = (length: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32BE(length);
      return bytes;
    };
    expect(messagesFrom(prefix((1 << 30) + 1)).closed()).toBeInstanceOf(Error);
    expect(messagesFrom(prefix(1 << 30)).closed()).toBeUndefined();
  });

  it('is closed after the messages before', () => {
    const { messages, closed } = messagesFrom(Buffer.concat([bytesOf(hello), Buffer.alloc(8, 0xff)]));
    expect(messages).toEqual([hello]);
    expect(closed()).toBeInstanceOf(Error);
  });

  it('is closed at bytes that are no message, though their length could be one', () => {
    const { messages, closed } = messagesFrom(Buffer.concat([Buffer.of(0, 0, 0, 5), Buffer.from('hello')]));
    expect(messages).toEqual([]);
    expect(closed()).toBeInstanceOf(Error);
  });

  it.each([
    ['nothing', null],
    ['a number', 7],
    ['a list', []],
    ['an object without id', { method: 'hello' }],
    ['an object whose id is no number', { id: '1', method: 'hello' }],
  ])('is closed at a value that is no message: %s', (_, value) => {
    const { messages, closed } = messagesFrom(Buffer.concat([bytesOf(hello), bytesOf(value as never)]));
    expect(messages).toEqual([hello]);
    expect(closed()).toBeInstanceOf(Error);
  });
});

describe('an error', () => {
  it('of the kernel travels with its details', () => {
    const details: KernelErrorDetails = {
      code: 'missing-tool',
      command: 'ip link',
      namespace: 'node.node1',
      cause: 'ip is not installed',
    };
    const error = errorOf(new KernelError(details));
    expect(error.kernel).toEqual(details);
    expect(error.message).toContain('ip is not installed');
  });

  it('of another kind travels as text', () => {
    expect(errorOf(new TypeError('x is undefined'))).toEqual({ message: expect.stringContaining('x is undefined') });
    expect(errorOf('just text')).toEqual({ message: 'just text' });
  });
});
