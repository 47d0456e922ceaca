/**
 * Who of the other speakers is alive. As with memberlist, each tells the others so by UDP, and who is silent for a while counts
 * as dead; the messages are not memberlist's. A node whose cable is unplugged is silent, and hears nobody.
 */
import type { Socket } from 'node:dgram';
import { SOCK_DGRAM } from '../../apply/kernel/libc.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { Speaker } from '../../compile/speaker.ts';
import type { SocketAddress } from '../../net/port.ts';
import { adopt, openPort } from '../sockets.ts';

/** Counted in turns of its own, not in time: while this process is busy nobody can be heard. */
const TURNS_OF_SILENCE = 5;
/** With many others there is more to say, and less often. */
const TURN_MS = { least: 500, each: 10 } as const;

interface Peer {
  readonly node: string;
  readonly at: SocketAddress;
  isAlive: boolean;
  /** For how many turns it has been silent. */
  turns: number;
  /** Whether it has been heard since that was doubted, or has been silent for too long. */
  isKnown: boolean;
}

export class Members {
  readonly #message: string;
  readonly #socket: Socket;
  readonly #turns: NodeJS.Timeout;
  /** By address. */
  readonly #peers: ReadonlyMap<string, Peer>;
  readonly #changed: () => void;

  /** `changed` is called when somebody died or came back. At first everybody is believed to be alive. */
  constructor(namespace: string, { node, local, peers }: Speaker, changed: () => void) {
    this.#message = `speaker ${node} is alive\n`;
    this.#peers = new Map(peers.map((peer) => [peer.at.address, { ...peer, isAlive: true, turns: 0, isKnown: false }]));
    this.#changed = changed;
    this.#socket = adopt(
      inside(namespace, () => openPort(SOCK_DGRAM, local)),
      local.address,
    );
    this.#socket.on('message', (_, { address }) => this.#hear(address));
    this.#turns = setInterval(
      () => {
        this.#tell();
        this.#giveUp();
      },
      Math.max(TURN_MS.least, TURN_MS.each * peers.length),
    );
  }

  get alive(): readonly string[] {
    return [...this.#peers.values()].flatMap(({ node, isAlive }) => (isAlive ? node : []));
  }

  /** Takes nobody's being alive or dead for granted any more. All others have to do the same, who then hear each other at once. */
  doubt(): void {
    for (const peer of this.#peers.values()) peer.isKnown = false;
    this.#tell();
  }

  /** Whether it is known anew who is alive. */
  get areKnown(): boolean {
    return [...this.#peers.values()].every(({ isKnown }) => isKnown);
  }

  close(): void {
    clearInterval(this.#turns);
    this.#socket.close();
  }

  #tell(): void {
    for (const { at } of this.#peers.values()) this.#socket.send(this.#message, at.port, at.address);
  }

  #hear(address: string): void {
    const peer = this.#peers.get(address);
    if (!peer) return;
    const isNews = !peer.isAlive;
    Object.assign(peer, { isAlive: true, turns: 0, isKnown: true });
    if (isNews) this.#changed();
  }

  #giveUp(): void {
    const before = this.alive.length;
    for (const peer of this.#peers.values()) {
      peer.turns++;
      if (peer.turns > TURNS_OF_SILENCE) Object.assign(peer, { isAlive: false, isKnown: true });
    }
    if (this.alive.length < before) this.#changed();
  }
}
