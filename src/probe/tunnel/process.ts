/**
 * One node's flanneld (backend udp): between its TUN device and its port.
 *
 *   flannel0 ── read ── whose subnet? ── TTL - 1 ── datagram to that node's flanneld
 *   flannel0 ── write ── TTL - 1 ── datagram from another flanneld
 *
 * Packets stay what they are but for the TTL: probes are known by the marks they carry.
 */
import type { Socket } from 'node:dgram';
import { closeSync, readSync, writeSync } from 'node:fs';
import { isTun, SOCK_DGRAM } from '../../apply/kernel/libc.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import { openTun } from '../../apply/kernel/tun.ts';
import type { UdpTunnel } from '../../compile/udp-tunnel.ts';
import { type Cidr, cidrContains, parseCidr } from '../../net/address.ts';
import type { SocketAddress } from '../../net/port.ts';
import type { Readers } from '../readers.ts';
import { adopt, openPort } from '../sockets.ts';
import { decrementTtl, destinationOf, isPacket, netUnreachable } from './packet.ts';

const LONGEST_PACKET = 65_535;
const BUFFER = Buffer.alloc(LONGEST_PACKET);

export class TunnelProcess {
  readonly #fd: number;
  readonly #endReading: () => void;
  readonly #namespace: string;
  #tunnel: UdpTunnel;
  #socket: Socket;
  #subnets: readonly { readonly to: Cidr; readonly via: SocketAddress }[];

  constructor(namespace: string, tunnel: UdpTunnel, readers: Readers) {
    this.#namespace = namespace;
    this.#tunnel = tunnel;
    this.#subnets = subnetsOf(tunnel);
    this.#fd = inside(namespace, () => openTun(tunnel.device));
    try {
      this.#socket = this.#listen();
    } catch (error) {
      closeSync(this.#fd);
      throw error;
    }
    this.#endReading = readers.add(this.#fd, () => this.#forward());
  }

  get device(): string {
    return this.#tunnel.device;
  }

  /** False when the device it has open is gone. */
  get isOpen(): boolean {
    return isTun(this.#fd);
  }

  update(tunnel: UdpTunnel): void {
    this.#socket.close();
    this.#tunnel = tunnel;
    this.#subnets = subnetsOf(tunnel);
    this.#socket = this.#listen();
  }

  #listen(): Socket {
    const socket = adopt(
      inside(this.#namespace, () => openPort(SOCK_DGRAM, this.#tunnel.local)),
      this.#tunnel.local.address,
    );
    return socket.on('message', (packet) => this.#deliver(packet));
  }

  close(): void {
    this.#endReading();
    this.#socket.close();
    closeSync(this.#fd);
  }

  /** Sends on whatever has come into the device. */
  #forward(): void {
    for (;;) {
      let length: number;
      try {
        length = readSync(this.#fd, BUFFER);
      } catch {
        return;
      }
      const packet = Buffer.from(BUFFER.subarray(0, length));
      if (isPacket(packet)) this.#send(packet);
    }
  }

  #send(packet: Buffer): void {
    const destination = destinationOf(packet);
    const subnet = this.#subnets.find(({ to }) => cidrContains(to, destination));
    if (!subnet) {
      const answer = netUnreachable(packet, this.#tunnel.address);
      if (answer) this.#write(answer);
    } else if (decrementTtl(packet)) {
      this.#socket.send(packet, subnet.via.port, subnet.via.address);
    }
  }

  #deliver(packet: Buffer): void {
    if (isPacket(packet) && decrementTtl(packet)) this.#write(packet);
  }

  /** What the device does not take is lost. */
  #write(packet: Buffer): void {
    try {
      writeSync(this.#fd, packet);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).syscall !== 'write') throw error;
    }
  }
}

function subnetsOf({ subnets }: UdpTunnel): { readonly to: Cidr; readonly via: SocketAddress }[] {
  return subnets.map(({ to, via }) => ({ to: parseCidr(to)!, via }));
}
