/**
 * Several byte streams over one: what the serial port of a virtual machine carries. Both ends speak it.
 *
 *   type (1 byte: open, data, end)  channel (4 bytes)  length (4 bytes)  payload
 *
 * The near end opens; the purpose of a channel is the payload of its first frame.
 */
import { Duplex, type Readable, type Writable } from 'node:stream';

const HEADER = 9;
const TYPE = { open: 0, data: 1, end: 2 } as const;
/** Bytes of payload in a frame: a long message must not keep others waiting. */
const MAX_PAYLOAD = 64 * 1024;

export class Channels {
  readonly #output: Writable;
  readonly #channels = new Map<number, Channel>();
  readonly #accept: (channel: Duplex, purpose: string) => void;
  #next = 1;

  /** `accept` is given what the other end opens. When `input` ends, so do all channels. */
  constructor(input: Readable, output: Writable, accept: (channel: Duplex, purpose: string) => void = refuse) {
    this.#output = output;
    this.#accept = accept;
    readFrames(input, (type, id, payload) => this.#receive(type, id, payload));
    const end = () => {
      for (const channel of this.#channels.values()) channel.destroy();
    };
    input.on('end', end).on('close', end).on('error', end);
  }

  open(purpose: string): Duplex {
    const id = this.#next++;
    void this.#send(TYPE.open, id, Buffer.from(purpose));
    return this.#add(id);
  }

  #add(id: number): Channel {
    const channel = new Channel(
      (payload) => this.#send(TYPE.data, id, payload),
      () => {
        if (this.#channels.delete(id)) void this.#send(TYPE.end, id, Buffer.alloc(0));
      },
    );
    this.#channels.set(id, channel);
    return channel;
  }

  #receive(type: number, id: number, payload: Buffer): void {
    if (type === TYPE.open) this.#accept(this.#add(id), payload.toString());
    else if (type === TYPE.data) this.#channels.get(id)?.push(payload);
    else {
      const channel = this.#channels.get(id);
      this.#channels.delete(id);
      channel?.push(null);
      channel?.end();
    }
  }

  /** Resolves when more may be sent. */
  #send(type: number, id: number, payload: Buffer): Promise<void> | undefined {
    const header = Buffer.alloc(HEADER);
    header.writeUInt8(type, 0);
    header.writeUInt32BE(id, 1);
    header.writeUInt32BE(payload.length, 5);
    if (!this.#output.writable) return undefined;
    this.#output.write(header);
    if (this.#output.write(payload)) return undefined;
    return new Promise((resolve) => this.#output.once('drain', resolve));
  }
}

function refuse(channel: Duplex): void {
  channel.destroy();
}

class Channel extends Duplex {
  readonly #send: (payload: Buffer) => Promise<void> | undefined;
  readonly #ended: () => void;

  constructor(send: (payload: Buffer) => Promise<void> | undefined, ended: () => void) {
    super({ allowHalfOpen: false });
    this.#send = send;
    this.#ended = ended;
  }

  /** What arrives is pushed as it comes. */
  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    void this.#writeAll(chunk).then(done);
  }

  async #writeAll(chunk: Buffer): Promise<void> {
    for (let offset = 0; offset < chunk.length; offset += MAX_PAYLOAD)
      await this.#send(chunk.subarray(offset, offset + MAX_PAYLOAD));
  }

  override _final(done: () => void): void {
    this.#ended();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ended();
    done(error);
  }
}

function readFrames(input: Readable, receive: (type: number, id: number, payload: Buffer) => void): void {
  let rest: Buffer = Buffer.alloc(0);
  input.on('data', (chunk: Buffer) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    while (rest.length >= HEADER) {
      const length = rest.readUInt32BE(5);
      if (rest.length < HEADER + length) return;
      receive(rest.readUInt8(0), rest.readUInt32BE(1), rest.subarray(HEADER, HEADER + length));
      rest = rest.subarray(HEADER + length);
    }
  });
}
