/**
 * Processes that relay: the ports that kube-proxy (mode userspace) serves on the nodes of a lab, and docker-proxy on hosts.
 * Like the endpoints, the relays of all machines live in one process; each opens its sockets inside its machine's namespace.
 */
import { closeSync } from 'node:fs';
import { SOCK_DGRAM, SOCK_STREAM } from '../../apply/kernel/libc.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { HeldPort, Relay, RelayProgram } from '../../compile/relay.ts';
import { HealthChecks } from '../health-checks.ts';
import { openPort } from '../sockets.ts';
import { RelayLog } from './log.ts';
import { TcpRelay } from './tcp.ts';
import { UdpRelay } from './udp.ts';

export class Relays {
  readonly log = new RelayLog();
  readonly #processes = new Map<string, Process>();
  readonly #health: HealthChecks;

  constructor(health = new HealthChecks()) {
    this.#health = health;
  }

  /**
   * Lets a program serve exactly these in a namespace. Relays that stay keep their connections; with none left, the process
   * has ended.
   */
  set(namespace: string, program: RelayProgram, relays: readonly Relay[]): void {
    const key = `${namespace} ${program}`;
    const process = this.#processes.get(key) ?? new Process(namespace, this.log, this.#health);
    this.#processes.set(key, process);
    process.set(relays);
    if (relays.length === 0) this.#processes.delete(key);
  }
}

const PROTOCOLS = {
  TCP: { type: SOCK_STREAM, Relay: TcpRelay },
  UDP: { type: SOCK_DGRAM, Relay: UdpRelay },
} as const;

/** What a program has open in one namespace, by what it is. */
class Process {
  readonly #namespace: string;
  readonly #log: RelayLog;
  readonly #health: HealthChecks;
  readonly #relays = new Map<string, TcpRelay | UdpRelay>();
  /** Descriptors of ports nobody serves. */
  readonly #held = new Map<string, number>();

  constructor(namespace: string, log: RelayLog, health: HealthChecks) {
    this.#namespace = namespace;
    this.#log = log;
    this.#health = health;
  }

  /** Closes what is no longer wanted first: its port may have become another's. */
  set(relays: readonly Relay[]): void {
    const wanted = new Map(relays.map((relay) => [`${relay.serves} ${heldKey(relay, relay.protocol)}`, relay]));
    const held = new Map(
      relays.flatMap(({ held, protocol }) => held.map((port) => [heldKey(port, protocol), { port, protocol }])),
    );
    for (const [key, relay] of this.#relays) {
      if (wanted.has(key)) continue;
      if (wanted.size > 0) relay.close();
      else relay.kill();
      this.#relays.delete(key);
    }
    for (const [key, fd] of this.#held) {
      if (held.has(key)) continue;
      closeSync(fd);
      this.#held.delete(key);
    }
    for (const [key, relay] of wanted) {
      const open = this.#relays.get(key);
      if (open) open.update(relay);
      else this.#relays.set(key, new PROTOCOLS[relay.protocol].Relay(this.#namespace, relay, this.#log, this.#health));
    }
    for (const [key, { port, protocol }] of held)
      if (!this.#held.has(key)) this.#held.set(key, this.#hold(port, protocol));
  }

  /** Open, and never served: a client that gets here finds nobody. */
  #hold({ address = '0.0.0.0', port }: HeldPort, protocol: Relay['protocol']): number {
    return inside(this.#namespace, () => openPort(PROTOCOLS[protocol].type, { address, port }));
  }
}

function heldKey({ address = '', port }: HeldPort, protocol: string): string {
  return `${address}:${port}/${protocol}`;
}
