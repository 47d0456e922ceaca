/** MetalLB's speakers (layer 2): those of all nodes live in one process; each has its sockets inside its node's namespace. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Speaker } from '../../compile/speaker.ts';
import { Readers } from '../readers.ts';
import { SpeakerProcess } from './process.ts';

const INTERVAL_MS = 20;

export class Speakers {
  readonly #processes = new Map<string, SpeakerProcess>();
  readonly #readers = new Readers();

  /** Lets a speaker of that kind run in a namespace, on the devices that are there now, or none. */
  set(namespace: string, speaker: Speaker | undefined): void {
    const running = this.#processes.get(namespace);
    if (speaker && running?.canBecome(speaker)) {
      running.become(speaker);
      return;
    }
    running?.close();
    this.#processes.delete(namespace);
    if (speaker) this.#processes.set(namespace, new SpeakerProcess(namespace, speaker, this.#readers));
  }

  /** Waits until every speaker knows anew of the others whether they are alive, and they have elected. */
  async settle(): Promise<void> {
    const all = [...this.#processes.values()];
    for (const { members } of all) members.doubt();
    while (!all.every(({ members }) => members.areKnown)) await delay(INTERVAL_MS);
    for (const process of all) process.elect();
  }
}
