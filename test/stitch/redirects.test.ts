/** Who told a sender of a better next hop. */
import { describe, expect, it } from 'vitest';
import type { IpPacket } from '../../src/decode/packet.ts';
import { stitch } from '../../src/stitch/index.ts';
import { evidence, icmpError, run, type Seen, seen, syn } from './evidence.ts';
import { wiringOf } from './wirings.ts';

const [CLIENT, POD] = ['10.0.0.100:40112', '10.244.2.2:8080'];
const wiring = wiringOf('icmp-redirect');

function redirect(gateway: string): IpPacket {
  const packet = icmpError('10.0.0.1', '10.0.0.100', [5, 1], syn(CLIENT, POD));
  return { ...packet, transport: { ...packet.transport, gateway } as IpPacket['transport'] };
}

/** To the router, and back out of the interface it came in by. */
const way: Seen[] = [seen('host.first/eth0', 'out', syn(CLIENT, POD)), seen('router.gw/eth0', 'in', syn(CLIENT, POD))];

function walk(sights: readonly Seen[]) {
  return stitch([run({ namespace: 'host.first', local: CLIENT, remote: POD })], evidence(sights), wiring)[0]!;
}

describe('a redirect', () => {
  it('is told of once, by whom it came and of what it is about', () => {
    const told = [
      seen('router.gw/eth0', 'out', redirect('10.0.0.12')),
      seen('host.first/eth0', 'in', redirect('10.0.0.12')),
    ];
    expect(walk([...way, ...told, ...told]).redirects).toEqual([
      { by: 'router/gw', told: 'host/first', destination: '10.244.2.2', via: '10.0.0.12' },
    ]);
  });

  it('is no rejection: the packet goes on', () => {
    expect(walk([...way, seen('router.gw/eth0', 'out', redirect('10.0.0.12'))]).outcome).toBe('dropped');
  });

  it('is none without one', () => {
    expect(walk(way)).not.toHaveProperty('redirects');
  });

  it('of neighbour discovery is one as well', () => {
    const quoted = syn('[fd00::64]:40112', '[fd00:2::2]:8080');
    const message = icmpError('fe80::1', 'fd00::64', [137, 0], quoted);
    const neighbour = { target: 'fe80::c', destination: 'fd00:2::2' };
    const packet = { ...message, transport: { ...message.transport, neighbour } as IpPacket['transport'] };
    const { redirects } = walk([...way, seen('router.gw/eth0', 'out', packet)]);
    expect(redirects).toEqual([{ by: 'router/gw', told: 'fd00::64', destination: 'fd00:2::2', via: 'fe80::c' }]);
  });
});
