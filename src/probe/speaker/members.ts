/**
 * Who of the other speakers is alive. As with memberlist, each tells the others so by UDP, and who is silent for a while counts
 * as dead; the messages are not memberlist's. A node whose cable is unplugged is silent, and hears nobody.
 */
import type { Socket } from 'node:dgram';
import { SOCK_DGRAM } from '../../apply/kernel/libc.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { Speaker } from '../../compile/speaker.ts';
import { adopt, openPort } from '../sockets.ts';

/** Counted in turns of its own, not in time: while this process is busy nobody can be heard. */
const TURNS_OF_SILENCE = 5;
/** With many others there is more to say, and less often. */
const TURN_MS = { least: 500, each: 10 } as const;

export class Members {
  readonly #socket: Socket;
  readonly #turns: NodeJS.Timeout;
  readonly #peers: Speaker['peers'];
  /** For how many turns each of those that are alive has been silent, and whether he has been heard since that was doubted. */
  readonly #silence = new Map<string, { turns: number; isKnown: boolean }>();
  readonly #changed: () => void;

  /** `changed` is called when somebody died or came back. At first everybody is believed to be alive. */
  constructor(namespace: string, { node, local, peers }: Speaker, changed: () => void) {
    this.#peers = peers;
    this.#changed = changed;
    this.#socket = adopt(
      inside(namespace, () => openPort(SOCK_DGRAM, local)),
      local.address,
    );
    this.#socket.on('message', (_, { address }) => this.#hear(address));
    for (const peer of peers) this.#silence.set(peer.node, { turns: 0, isKnown: false });
    const tell = () => {
      for (const { at } of peers) this.#socket.send(`speaker ${node} is alive\n`, at.port, at.address);
    };
    tell();
    this.#turns = setInterval(
      () => {
        tell();
        this.#giveUp();
      },
      Math.max(TURN_MS.least, TURN_MS.each * peers.length),
    );
  }

  get alive(): ReadonlySet<string> {
    return new Set(this.#silence.keys());
  }

  /** Takes nobody's being alive for granted any more. */
  doubt(): void {
    for (const silence of this.#silence.values()) silence.isKnown = false;
  }

  /** Whether all who are believed to be alive have said so since it was doubted. */
  get areKnown(): boolean {
    return [...this.#silence.values()].every(({ isKnown }) => isKnown);
  }

  close(): void {
    clearInterval(this.#turns);
    this.#socket.close();
  }

  #hear(address: string): void {
    const peer = this.#peers.find(({ at }) => at.address === address);
    if (!peer) return;
    const isNews = !this.#silence.has(peer.node);
    this.#silence.set(peer.node, { turns: 0, isKnown: true });
    if (isNews) this.#changed();
  }

  #giveUp(): void {
    const before = this.#silence.size;
    for (const [node, silence] of this.#silence) {
      silence.turns++;
      if (silence.turns > TURNS_OF_SILENCE) this.#silence.delete(node);
    }
    if (this.#silence.size < before) this.#changed();
  }
}
