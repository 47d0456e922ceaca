/** Who was asked for, in vain or not, and who answered: ARP and neighbour discovery say the same. */
import { describe, expect, it } from 'vitest';
import { macFor } from '../../src/net/name.ts';
import { askedInVain, Questions } from '../../src/stitch/neighbour.ts';
import { arp, echo, framesOf, neighbour, type Seen, seen } from './evidence.ts';
import { wiringOf } from './wirings.ts';

const ASKED = neighbour('solicitation', 'fd00::1', 'ff02::1:ff00:2', 'fd00::2');
const TOLD = neighbour('advertisement', 'fd00::2', 'fd00::1', 'fd00::2');
const at = 'node.node1/eth0';

const inVain = (address: string, ...sights: readonly Seen[]) => askedInVain(address, 'node.node1', framesOf(sights));

describe('asked in vain', () => {
  it('is who does not tell', () => {
    expect(inVain('fd00::2', seen(at, 'out', ASKED), seen(at, 'out', ASKED))).toBe(true);
    expect(inVain('10.0.0.12', seen(at, 'out', arp('request', '10.0.0.11', '10.0.0.12')))).toBe(true);
  });

  it('is not who tells, be it before or after', () => {
    expect(inVain('fd00::2', seen(at, 'out', ASKED), seen(at, 'in', TOLD))).toBe(false);
    expect(inVain('fd00::2', seen(at, 'in', TOLD), seen(at, 'out', ASKED))).toBe(false);
    const told = seen(at, 'in', arp('reply', '10.0.0.12', '10.0.0.11'));
    expect(inVain('10.0.0.12', seen(at, 'out', arp('request', '10.0.0.11', '10.0.0.12')), told)).toBe(false);
  });

  it('is nobody else, nobody whom others ask for, and nobody elsewhere', () => {
    expect(inVain('fd00::3', seen(at, 'out', ASKED))).toBe(false);
    expect(inVain('fd00::2', seen(at, 'in', ASKED))).toBe(false);
    expect(inVain('fd00::2', seen('node.node2/eth0', 'out', ASKED))).toBe(false);
    expect(inVain('fd00::2', seen(at, 'out', echo('fd00::1', 'fd00::2', 'request')))).toBe(false);
  });
});

describe('who has an address', () => {
  const [NODE1, NODE2] = ['10.0.0.11', '10.0.0.12'].map((address) => macFor('machine', address));
  const VIP = '10.0.0.50';
  const asked = seen('host.client/eth0', 'out', arp('request', '10.0.0.100', VIP));
  const told = (senderMac = NODE1, direction: Seen['direction'] = 'in') =>
    seen('host.client/eth0', direction, { ...arp('reply', VIP, '10.0.0.100'), senderMac } as Seen['packet']);
  const answers = (places: readonly string[], ...sights: readonly Seen[]) =>
    new Questions(framesOf(sights), wiringOf('nodeport-snat')).answersFor(VIP, places);

  it('is told by whoever answers, each once', () => {
    expect(answers(['host/client'], asked, told(NODE2), told(NODE1), told(NODE2))).toEqual([
      'node/node1',
      'node/node2',
    ]);
    expect(answers(['host/client', 'node/node1'], asked, told(NODE1))).toEqual(['node/node1']);
  });

  it('is told by nobody, or was never asked there', () => {
    expect(answers(['host/client'], asked)).toEqual([]);
    expect(answers(['host/client'], asked, told(NODE1, 'out'))).toEqual([]);
    expect(answers(['host/client'], told(NODE1))).toBeUndefined();
    expect(answers(['node/node1'], asked, told(NODE1))).toBeUndefined();
  });

  it('may be told by somebody who is not on that network', () => {
    expect(answers(['host/client'], asked, told('02:00:00:00:00:01'))).toEqual(['02:00:00:00:00:01']);
  });

  it('is told by neighbour discovery as well', () => {
    const mac = macFor('machine', '10.0.0.12');
    const advertised = neighbour('advertisement', 'fd00::2', 'fd00::1', 'fd00::2');
    const transport = { ...advertised.transport, neighbour: { target: 'fd00::2', mac } } as typeof advertised.transport;
    const frames = framesOf([
      seen('host.client/eth0', 'out', ASKED),
      seen('host.client/eth0', 'in', { ...advertised, transport }),
    ]);
    expect(new Questions(frames, wiringOf('nodeport-snat')).answersFor('fd00::2', ['host/client'])).toEqual([
      'node/node2',
    ]);
  });
});
