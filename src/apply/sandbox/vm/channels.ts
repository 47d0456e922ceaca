/**
 * Several byte streams over one: what the serial port of a virtual machine carries. Both ends speak it.
 *
 *   type (1 byte)  channel (4 bytes)  length (4 bytes)  payload
 *
 *   open   a new channel, by the near end; the payload is its purpose
 *   data   bytes of a channel, never more than the other end has room for
 *   room   so many bytes more may be sent, in 4 bytes
 *   end    the channel is closed in both directions
 *
 * Room is given back as bytes are taken out (RFC 9113, section 5.2, has the same): a channel that nobody reads from fills
 * no memory and keeps no other channel waiting.
 */
import { Duplex, pipeline, type Readable, type Writable } from 'node:stream';

const HEADER = 9;
const TYPE = { open: 0, data: 1, room: 2, end: 3 } as const;
/** Bytes of payload in a frame: a long message must not keep others waiting. */
const MAX_PAYLOAD = 64 * 1024;
/** Bytes on their way, or here and not yet taken out, in one direction of a channel. */
const WINDOW = 256 * 1024;

/** Purpose of a channel that the other end ends at once, to say that it is there. */
export const HELLO = 'hello';

export class Channels {
  readonly #input: Readable;
  readonly #output: Writable;
  readonly #channels = new Map<number, Channel>();
  readonly #accept: (channel: Duplex, purpose: string) => void;
  #next = 1;
  #ended = false;
  #drained: Promise<void> | undefined;

  /** `accept` is given what the other end opens. When `input` ends, so do all channels. */
  constructor(input: Readable, output: Writable, accept: (channel: Duplex, purpose: string) => void = refuse) {
    this.#input = input;
    this.#output = output;
    this.#accept = accept;
    readFrames(input, (type, id, payload) => this.#receive(type, id, payload));
    const end = () => {
      this.#ended = true;
      for (const channel of this.#channels.values()) channel.destroy();
    };
    input.on('end', end).on('close', end).on('error', end);
  }

  open(purpose: string): Duplex {
    const id = this.#next++;
    void this.#send(TYPE.open, id, Buffer.from(purpose));
    const channel = this.#add(id);
    if (this.#ended) channel.destroy();
    return channel;
  }

  #add(id: number): Channel {
    const channel = new Channel({
      data: (payload) => this.#send(TYPE.data, id, payload),
      room: (bytes) => {
        const payload = Buffer.alloc(4);
        payload.writeUInt32BE(bytes);
        if (this.#channels.has(id)) void this.#send(TYPE.room, id, payload);
      },
      end: () => {
        if (this.#channels.delete(id)) void this.#send(TYPE.end, id, Buffer.alloc(0));
      },
    });
    this.#channels.set(id, channel);
    return channel;
  }

  /** What comes for a channel that has been closed here was sent before the other end knew. */
  #receive(type: number, id: number, payload: Buffer): void {
    const channel = this.#channels.get(id);
    if (type === TYPE.open && !channel) this.#accept(this.#add(id), payload.toString());
    else if (type === TYPE.data && (channel?.receive(payload) ?? true)) return;
    else if (type === TYPE.room && payload.length === 4) channel?.allow(payload.readUInt32BE());
    else if (type === TYPE.end) {
      this.#channels.delete(id);
      channel?.finish();
    } else this.#input.destroy(garbage());
  }

  /** Resolves when more may be sent. */
  #send(type: number, id: number, payload: Buffer): Promise<void> | undefined {
    if (!this.#output.writable) return undefined;
    const header = Buffer.alloc(HEADER);
    header.writeUInt8(type, 0);
    header.writeUInt32BE(id, 1);
    header.writeUInt32BE(payload.length, 5);
    if (this.#output.write(Buffer.concat([header, payload]))) return undefined;
    this.#drained ??= new Promise((resolve) =>
      this.#output.once('drain', () => {
        this.#drained = undefined;
        resolve();
      }),
    );
    return this.#drained;
  }
}

/** Passes everything on between two streams. When one closes, so does the other, once it has passed on what came before. */
export function join(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const)
    pipeline(
      from,
      to.on('error', () => {}),
      () => {},
    );
}

function refuse(channel: Duplex): void {
  channel.destroy();
}

function garbage(): Error {
  return new Error('what came is no frame of a channel');
}

interface Sender {
  /** Resolves when more may be sent. */
  data(payload: Buffer): Promise<void> | undefined;
  room(bytes: number): void;
  end(): void;
}

class Channel extends Duplex {
  readonly #send: Sender;
  /** Bytes the other end has room for. */
  #room = WINDOW;
  /** Bytes that came since room was last given back. */
  #taken = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  constructor(send: Sender) {
    super({ allowHalfOpen: false });
    this.#send = send;
  }

  /** False when that is more than there was room for. */
  receive(payload: Buffer): boolean {
    this.#taken += payload.length;
    if (this.#taken > WINDOW) return false;
    this.push(payload);
    return true;
  }

  allow(bytes: number): void {
    this.#room += bytes;
    this.#wake?.();
  }

  /** The other end has closed it: what came before can still be read. */
  finish(): void {
    this.#close();
    this.push(null);
    this.end();
  }

  /** Called when what came before has been taken out, or nearly so. */
  override _read(): void {
    if (this.#taken < WINDOW / 2) return;
    this.#send.room(this.#taken);
    this.#taken = 0;
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    void this.#writeAll(chunk).then(done);
  }

  async #writeAll(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length && !this.#closed; ) {
      if (this.#room === 0) await new Promise<void>((resolve) => (this.#wake = resolve));
      const size = Math.min(this.#room, MAX_PAYLOAD, chunk.length - offset);
      if (size === 0) continue;
      this.#room -= size;
      await this.#send.data(chunk.subarray(offset, offset + size));
      offset += size;
    }
  }

  override _final(done: () => void): void {
    this.#send.end();
    this.push(null);
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#close();
    this.#send.end();
    done(error);
  }

  #close(): void {
    this.#closed = true;
    this.#wake?.();
  }
}

function readFrames(input: Readable, receive: (type: number, id: number, payload: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  input.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER && !input.destroyed) {
      const length = rest.readUInt32BE(5);
      if (length > MAX_PAYLOAD) return void input.destroy(garbage());
      if (rest.length < HEADER + length) return;
      receive(rest.readUInt8(0), rest.readUInt32BE(1), rest.subarray(HEADER, HEADER + length));
      rest = rest.subarray(HEADER + length);
    }
  });
}
