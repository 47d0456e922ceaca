/**
 * flanneld as a process (backend udp): the TUN devices it serves on the nodes of a lab. Like the endpoints, those of all
 * nodes live in one process; each opens its device and its socket inside its node's namespace.
 */
import type { UdpTunnel } from '../../compile/udp-tunnel.ts';
import { Readers } from '../readers.ts';
import { TunnelProcess } from './process.ts';

export class Tunnels {
  readonly #processes = new Map<string, readonly TunnelProcess[]>();
  readonly #readers = new Readers();

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
      return process ?? new TunnelProcess(namespace, tunnel, this.#readers);
    });
    if (processes.length > 0) this.#processes.set(namespace, processes);
    else this.#processes.delete(namespace);
  }
}
