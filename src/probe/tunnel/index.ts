/**
 * flanneld as a process (backend udp): the TUN devices it serves on the nodes of a lab. Like the endpoints, those of all
 * nodes live in one process; each opens its device and its socket inside its node's namespace.
 */
import { waitReadable } from '../../apply/kernel/libc.ts';
import type { UdpTunnel } from '../../compile/udp-tunnel.ts';
import { TunnelProcess } from './process.ts';

/** A process ends only when nobody waits on another thread: this is how long that may take. */
const PATIENCE_MS = 50;

export class Tunnels {
  readonly #processes = new Map<string, readonly TunnelProcess[]>();
  #serving = false;

  /**
   * Carries exactly these in a namespace, through the devices that are there now. A device that stays is not closed: it
   * would be busy for as long as somebody waits for it.
   */
  set(namespace: string, tunnels: readonly UdpTunnel[]): void {
    const before = this.#processes.get(namespace) ?? [];
    const open = before.filter((process) => process.isOpen && tunnels.some(({ device }) => device === process.device));
    for (const process of before) if (!open.includes(process)) process.close();
    const processes = tunnels.map((tunnel) => {
      const process = open.find(({ device }) => device === tunnel.device);
      process?.update(tunnel);
      return process ?? new TunnelProcess(namespace, tunnel);
    });
    if (processes.length > 0) this.#processes.set(namespace, processes);
    else this.#processes.delete(namespace);
    void this.#serve();
  }

  /** As long as there are devices. Node has no event for a TUN device that can be read. */
  async #serve(): Promise<void> {
    if (this.#serving) return;
    this.#serving = true;
    while (this.#processes.size > 0) {
      const fds = this.#all.map(({ fd }) => fd);
      const readable = new Set(await waitReadable(fds, PATIENCE_MS));
      for (const process of this.#all) if (readable.has(process.fd)) process.forward();
    }
    this.#serving = false;
  }

  get #all(): TunnelProcess[] {
    return [...this.#processes.values()].flat();
  }
}
