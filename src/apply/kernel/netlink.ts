/** rtnetlink messages: encoding, and a socket per namespace to send them by (linux/netlink.h, linux/rtnetlink.h). */
import { closeSync } from 'node:fs';
import { SystemCallError } from './errors.ts';
import { AF_NETLINK, recv, SOCK_RAW, send, setsockopt, socket } from './libc.ts';

export const NETLINK_GENERIC = 16;

const NLM_F_REQUEST = 0x1;
const NLM_F_ACK = 0x4;
export const NLM_F_REPLACE = 0x100;
export const NLM_F_EXCL = 0x200;
export const NLM_F_DUMP = 0x300;
export const NLM_F_CREATE = 0x400;
export const NLM_F_APPEND = 0x800;

const HEADER = 16;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const NLA_F_NESTED = 0x8000;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NLM_F_ACK_TLVS = 0x200;
const NLM_F_CAPPED = 0x100;
const NLMSGERR_ATTR_MSG = 1;

/** From Node's pool: a memory of its own for each of many small buffers costs more than what is done with them. */
export function zeros(length: number): Buffer {
  return Buffer.allocUnsafe(length).fill(0);
}

/** Builds one message; attributes follow in the order they are added. */
export class Message {
  #buffer = zeros(256);
  #length = HEADER;

  constructor(type: number, flags: number) {
    this.#buffer.writeUInt16LE(type, 4);
    this.#buffer.writeUInt16LE(NLM_F_REQUEST | flags, 6);
  }

  /** Fixed part: ifinfomsg, ifaddrmsg, rtmsg, ndmsg. Padded to four bytes. */
  raw(bytes: Buffer): this {
    this.#reserve(bytes.length + 3);
    bytes.copy(this.#buffer, this.#length);
    this.#length += align(bytes.length);
    return this;
  }

  attribute(type: number, value: Buffer): this {
    this.#reserve(value.length + 8);
    this.#buffer.writeUInt16LE(value.length + 4, this.#length);
    this.#buffer.writeUInt16LE(type, this.#length + 2);
    value.copy(this.#buffer, this.#length + 4);
    this.#length += align(value.length + 4);
    return this;
  }

  u8(type: number, value: number): this {
    return this.attribute(type, Buffer.of(value));
  }

  u32(type: number, value: number): this {
    const bytes = zeros(4);
    bytes.writeUInt32LE(value);
    return this.attribute(type, bytes);
  }

  text(type: number, value: string): this {
    return this.attribute(type, Buffer.from(`${value}\0`));
  }

  nested(type: number, fill: (message: this) => void): this {
    this.#reserve(4);
    const start = this.#length;
    this.#length += 4;
    fill(this);
    this.#buffer.writeUInt16LE(this.#length - start, start);
    this.#buffer.writeUInt16LE(type | NLA_F_NESTED, start + 2);
    return this;
  }

  /** The bytes, with sequence number and, for the last of a batch, the wish for an answer. */
  finish(sequence: number, acknowledge: boolean): Buffer {
    this.#buffer.writeUInt32LE(this.#length, 0);
    if (acknowledge) this.#buffer.writeUInt16LE(this.#buffer.readUInt16LE(6) | NLM_F_ACK, 6);
    this.#buffer.writeUInt32LE(sequence, 8);
    return this.#buffer.subarray(0, this.#length);
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = zeros(2 * (this.#length + bytes));
    this.#buffer.copy(larger);
    this.#buffer = larger;
  }
}

/** The kernel's answer to one message of a batch: which one, and what it said. */
export class NetlinkError extends SystemCallError {
  /** Index of the message in its batch. */
  readonly index: number;
  /** The kernel's own explanation, often empty. */
  readonly explanation: string;

  constructor(index: number, errno: number, explanation: string) {
    super('netlink', errno);
    this.index = index;
    this.explanation = explanation;
  }
}

const RECEIVE_BUFFER = Buffer.alloc(1 << 17);
/** Messages sent together: well below the socket's buffers, even if every one is answered with an error. */
const BATCH = 128;

/** A socket bound to the namespace it was opened in, wherever its user is later. */
export class NetlinkSocket {
  readonly #fd: number;
  #sequence = 0;

  /** rtnetlink, unless another protocol is asked for. */
  constructor(protocol = 0) {
    this.#fd = socket(AF_NETLINK, SOCK_RAW, protocol);
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_CAP_ACK, 1);
    setsockopt(this.#fd, SOL_NETLINK, NETLINK_EXT_ACK, 1);
  }

  /** Sends messages in order, several at a time. Throws the first NetlinkError; later messages may have taken effect. */
  request(messages: readonly Message[]): void {
    for (let start = 0; start < messages.length; start += BATCH) {
      const batch = messages.slice(start, start + BATCH);
      const first = this.#sequence + 1;
      this.#sequence += batch.length;
      send(
        this.#fd,
        Buffer.concat(batch.map((message, index) => message.finish(first + index, index === batch.length - 1))),
      );
      this.#receiveAcknowledgement(first, start);
    }
  }

  /** Errors come for every message that failed, an acknowledgement only for the last one. */
  #receiveAcknowledgement(first: number, offset: number): void {
    let error: NetlinkError | undefined;
    for (;;) {
      for (const answer of answers(recv(this.#fd, RECEIVE_BUFFER))) {
        if (answer.type !== NLMSG_ERROR || answer.sequence < first) continue;
        const errno = -answer.body.readInt32LE(0);
        if (errno !== 0) error ??= new NetlinkError(offset + answer.sequence - first, errno, explanation(answer));
        if (answer.sequence === this.#sequence) {
          if (error) throw error;
          return;
        }
      }
    }
  }

  /** Sends a dump request and returns the bodies of all answers, without their headers. */
  dump(message: Message): Buffer[] {
    const sequence = ++this.#sequence;
    send(this.#fd, message.finish(sequence, false));
    const bodies: Buffer[] = [];
    for (;;) {
      for (const answer of answers(recv(this.#fd, RECEIVE_BUFFER))) {
        if (answer.sequence !== sequence) continue;
        if (answer.type === NLMSG_DONE) return bodies;
        if (answer.type === NLMSG_ERROR) throw new NetlinkError(0, -answer.body.readInt32LE(0), explanation(answer));
        bodies.push(Buffer.from(answer.body));
      }
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

interface Answer {
  readonly type: number;
  readonly flags: number;
  readonly sequence: number;
  readonly body: Buffer;
}

function* answers(length: number): Generator<Answer> {
  for (let offset = 0; offset + HEADER <= length; ) {
    const size = RECEIVE_BUFFER.readUInt32LE(offset);
    yield {
      type: RECEIVE_BUFFER.readUInt16LE(offset + 4),
      flags: RECEIVE_BUFFER.readUInt16LE(offset + 6),
      sequence: RECEIVE_BUFFER.readUInt32LE(offset + 8),
      body: RECEIVE_BUFFER.subarray(offset + HEADER, offset + size),
    };
    offset += align(size);
  }
}

function explanation({ flags, body }: Answer): string {
  if (!(flags & NLM_F_ACK_TLVS)) return '';
  const quoted = flags & NLM_F_CAPPED ? HEADER : align(body.readUInt32LE(4));
  const message = attributes(body.subarray(4 + quoted)).get(NLMSGERR_ATTR_MSG);
  return message ? message.toString('latin1').replace(/\0.*$/, '') : '';
}

/** Attributes by type; of several with one type, the last. */
export function attributes(bytes: Buffer): Map<number, Buffer> {
  const found = new Map<number, Buffer>();
  for (let offset = 0; offset + 4 <= bytes.length; ) {
    const length = bytes.readUInt16LE(offset);
    if (length < 4) break;
    found.set(bytes.readUInt16LE(offset + 2) & 0x3fff, bytes.subarray(offset + 4, offset + length));
    offset += align(length);
  }
  return found;
}

function align(length: number): number {
  return (length + 3) & ~3;
}
