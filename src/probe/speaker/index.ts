/** MetalLB's speakers (layer 2): those of all nodes live in one process; each has its sockets inside its node's namespace. */
import { setTimeout as delay } from 'node:timers/promises';
import { waitReadable } from '../../apply/kernel/libc.ts';
import type { Speaker } from '../../compile/speaker.ts';
import { SpeakerProcess } from './process.ts';

/** A process ends only when nobody waits on another thread: this is how long that may take. */
const PATIENCE_MS = 200;
const INTERVAL_MS = 20;

export class Speakers {
  readonly #processes = new Map<string, SpeakerProcess>();
  #serving = false;

  /** Lets a speaker of that kind run in a namespace, or none. */
  set(namespace: string, speaker: Speaker | undefined): void {
    const running = this.#processes.get(namespace);
    if (speaker && running?.canBecome(speaker)) {
      running.become(speaker);
      return;
    }
    running?.close();
    this.#processes.delete(namespace);
    if (speaker) this.#processes.set(namespace, new SpeakerProcess(namespace, speaker));
    void this.#serve();
  }

  /** Waits until every speaker knows anew of the others whether they are alive, and they have elected. */
  async settle(): Promise<void> {
    const all = [...this.#processes.values()];
    for (const { members } of all) members.doubt();
    while (!all.every(({ members }) => members.areKnown)) await delay(INTERVAL_MS);
    for (const process of all) process.begin();
  }

  /** As long as there are any. Node has no event for a packet socket that can be read. */
  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    while (this.#processes.size > 0) {
      const owners = new Map(
        [...this.#processes.values()].flatMap((process) => process.fds.map((fd) => [fd, process])),
      );
      for (const fd of await waitReadable([...owners.keys()], PATIENCE_MS)) {
        const owner = owners.get(fd)!;
        if ([...this.#processes.values()].includes(owner)) owner.answer(fd);
      }
    }
    this.#serving = false;
  }
}
