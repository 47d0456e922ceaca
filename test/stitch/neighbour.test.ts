/** Whether somebody was asked for in vain: ARP and neighbour discovery say the same. */
import { describe, expect, it } from 'vitest';
import { askedInVain } from '../../src/stitch/neighbour.ts';
import { arp, echo, framesOf, neighbour, type Seen, seen } from './evidence.ts';

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
