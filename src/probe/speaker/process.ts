/** One node's speaker: it answers ARP for the addresses its node is elected for, and says so unasked when it comes to have one. */
import { closeSync } from 'node:fs';
import { SystemCallError } from '../../apply/kernel/errors.ts';
import { packetSocket, recv, send } from '../../apply/kernel/libc.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { Speaker } from '../../compile/speaker.ts';
import type { Readers } from '../readers.ts';
import { gratuitous, questionIn, replyTo } from './arp.ts';
import { elected } from './election.ts';
import { Members } from './members.ts';

const ETH_P_ARP = 0x0806;
const LONGEST_FRAME = 1514;
const FRAME = Buffer.alloc(LONGEST_FRAME);
/** metallb internal/layer2/announcer.go, spam. */
const SPAM = { times: 5, everyMs: 1100 } as const;

interface Port {
  readonly fd: number;
  readonly mac: string;
  readonly endReading: () => void;
}

export class SpeakerProcess {
  readonly members: Members;
  readonly #namespace: string;
  readonly #readers: Readers;
  readonly #ports: Port[] = [];
  /** The addresses it answers for, and what stops it from saying so. */
  readonly #announced = new Map<string, () => void>();
  #speaker: Speaker;

  constructor(namespace: string, speaker: Speaker, readers: Readers) {
    this.#namespace = namespace;
    this.#readers = readers;
    this.#speaker = speaker;
    try {
      this.#listen();
      this.members = new Members(namespace, speaker, () => this.elect());
    } catch (error) {
      this.#stopListening();
      throw error;
    }
  }

  /** Whether it can become that one as it runs: nothing is different but what it announces. */
  canBecome({ announcements: _, origin: __, ...other }: Speaker): boolean {
    const { announcements, origin, ...own } = this.#speaker;
    return JSON.stringify(own) === JSON.stringify(other);
  }

  /** Its devices may have been made anew. What it announces then, the next election decides. */
  become(speaker: Speaker): void {
    this.#speaker = speaker;
    this.#stopListening();
    this.#listen();
  }

  close(): void {
    this.members.close();
    for (const stop of this.#announced.values()) stop();
    this.#stopListening();
  }

  #listen(): void {
    for (const { name, mac } of this.#speaker.devices) {
      const fd = inside(this.#namespace, () => packetSocket(name, ETH_P_ARP));
      this.#ports.push({ fd, mac, endReading: this.#readers.add(fd, () => this.#answer(fd, mac)) });
    }
  }

  #stopListening(): void {
    for (const { fd, endReading } of this.#ports.splice(0)) {
      endReading();
      closeSync(fd);
    }
  }

  /** Answers whatever has come to a device. */
  #answer(fd: number, mac: string): void {
    for (;;) {
      let length: number;
      try {
        length = recv(fd, FRAME);
      } catch {
        return;
      }
      const question = questionIn(FRAME.subarray(0, length), mac);
      if (question && this.#announced.has(question.target)) put(fd, replyTo(question, mac));
    }
  }

  /** Nothing is announced before it is known who else is there. */
  elect(): void {
    const alive = new Set([this.#speaker.node, ...this.members.alive]);
    const own = new Set(
      this.#speaker.announcements
        .filter(({ address, nodes }) => elected(address, nodes, alive) === this.#speaker.node)
        .map(({ address }) => address),
    );
    for (const [address, stop] of this.#announced) {
      if (own.has(address)) continue;
      stop();
      this.#announced.delete(address);
    }
    for (const address of own) if (!this.#announced.has(address)) this.#announced.set(address, this.#spam(address));
  }

  /** Whoever knew another MAC address shall forget it. Returns what stops it. */
  #spam(address: string): () => void {
    let left: number = SPAM.times;
    const say = () => {
      for (const { fd, mac } of this.#ports) for (const frame of gratuitous(address, mac)) put(fd, frame);
      left--;
      if (left === 0) clearInterval(timer);
    };
    const timer = setInterval(say, SPAM.everyMs);
    say();
    return () => clearInterval(timer);
  }
}

/** What the device does not take, being down, is lost. */
function put(fd: number, frame: Buffer): void {
  try {
    send(fd, frame);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
  }
}
