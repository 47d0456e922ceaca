/** One node's speaker: it answers ARP for the addresses its node is elected for, and says so unasked when it comes to have one. */
import { closeSync } from 'node:fs';
import { SystemCallError } from '../../apply/kernel/errors.ts';
import { packetSocket, recv, send } from '../../apply/kernel/libc.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { Speaker } from '../../compile/speaker.ts';
import { gratuitous, questionIn, replyTo } from './arp.ts';
import { elected } from './election.ts';
import { Members } from './members.ts';

const ETH_P_ARP = 0x0806;
const LONGEST_FRAME = 1514;
/** metallb internal/layer2/announcer.go, spam. */
const SPAM = { times: 5, everyMs: 1100 } as const;

interface Port {
  readonly fd: number;
  readonly mac: string;
}

export class SpeakerProcess {
  #speaker: Speaker;
  readonly #members: Members;
  readonly #ports: readonly Port[];
  /** The addresses it answers for, and what stops it from saying so. */
  readonly #announced = new Map<string, () => void>();

  constructor(namespace: string, speaker: Speaker) {
    this.#speaker = speaker;
    this.#ports = inside(namespace, () =>
      speaker.devices.map(({ name, mac }) => ({ fd: packetSocket(name, ETH_P_ARP), mac })),
    );
    this.#members = new Members(namespace, speaker, () => this.#elect());
  }

  /** Whether it can become that one as it runs: it has other addresses to announce, and nothing else is different. */
  canBecome({ announcements, origin: _, ...other }: Speaker): boolean {
    const { announcements: own, origin: __, ...rest } = this.#speaker;
    return JSON.stringify(rest) === JSON.stringify(other) && JSON.stringify(own) !== JSON.stringify(announcements);
  }

  become(speaker: Speaker): void {
    this.#speaker = speaker;
    for (const [address, stop] of this.#announced) {
      if (speaker.announcements.some((each) => each.address === address)) continue;
      stop();
      this.#announced.delete(address);
    }
  }

  get fds(): readonly number[] {
    return this.#ports.map(({ fd }) => fd);
  }

  get members(): Members {
    return this.#members;
  }

  /** Nothing is announced before it is known who else is there. */
  begin(): void {
    this.#elect();
  }

  close(): void {
    this.#members.close();
    for (const stop of this.#announced.values()) stop();
    for (const { fd } of this.#ports) closeSync(fd);
  }

  /** Answers whatever has come to a device. */
  answer(fd: number): void {
    const { mac } = this.#ports.find((port) => port.fd === fd)!;
    for (;;) {
      const frame = Buffer.alloc(LONGEST_FRAME);
      let length: number;
      try {
        length = recv(fd, frame);
      } catch {
        return;
      }
      const question = questionIn(frame.subarray(0, length), mac);
      if (question && this.#announced.has(question.target)) put(fd, replyTo(question, mac));
    }
  }

  #elect(): void {
    const alive = new Set([this.#speaker.node, ...this.#members.alive]);
    for (const { address, nodes } of this.#speaker.announcements) {
      const isOwn = elected(address, nodes, alive) === this.#speaker.node;
      if (isOwn && !this.#announced.has(address)) this.#announced.set(address, this.#spam(address));
      else if (!isOwn) {
        this.#announced.get(address)?.();
        this.#announced.delete(address);
      }
    }
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
