/** Messages of DNS in packets, and what a port of DNS carries that is none. */
import { describe, expect, it } from 'vitest';
import { writeQuery, writeReply } from '../../src/dns/message.ts';
import { markedPayload } from '../../src/probe/mark.ts';
import { ipv4, PROTOCOL, tcp, u16, udp } from './packets.ts';
import { packetOf } from './pcap-file.ts';

const QUESTION = { name: 'web.default.svc.cluster.local', type: 'A' };
const QUERY = { id: 17, question: QUESTION, recursionDesired: true, limit: 512, hasEdns: false };
const ANSWERS = [{ name: QUESTION.name, type: 'A', ttl: 30, data: '10.96.0.100' }] as const;
const REPLY = { status: 'NOERROR', authoritative: true, answers: ANSWERS, authorities: [], additionals: [] } as const;
const asked = writeQuery(17, QUESTION);
const answered = writeReply(QUERY, REPLY, 512);

const overUdp = (ports: { sourcePort?: number; destinationPort?: number }, payload: Buffer) =>
  packetOf(ipv4({ protocol: PROTOCOL.udp }, udp(ports, payload)));
const overTcp = (payload: Buffer) => packetOf(ipv4({ protocol: PROTOCOL.tcp }, tcp({ destinationPort: 53 }, payload)));

describe('a message in a datagram', () => {
  it('that asks has its id as the mark of a request', () => {
    expect(overUdp({ destinationPort: 53 }, asked)).toMatchObject({
      transport: { mark: 17, dns: { question: QUESTION } },
    });
  });

  it('that answers has it as that of an answer', () => {
    expect(overUdp({ sourcePort: 53 }, answered)).toMatchObject({
      transport: { mark: -17, dns: { question: QUESTION, reply: { status: 'NOERROR', answers: ANSWERS } } },
    });
  });

  it('is none at another port', () => {
    const { transport } = overUdp({ sourcePort: 1053, destinationPort: 1054 }, asked) as { transport: object };
    expect(transport).toMatchObject({ mark: 0 });
    expect(transport).not.toHaveProperty('dns');
  });

  it('is none when it is a probe’s own payload', () => {
    const { transport } = overUdp({ destinationPort: 53 }, markedPayload(5)) as { transport: object };
    expect(transport).toMatchObject({ mark: 5 });
    expect(transport).not.toHaveProperty('dns');
  });
});

describe('a message over TCP', () => {
  it('is read when a segment holds all of it', () => {
    expect(overTcp(Buffer.concat([u16(asked.length), asked]))).toMatchObject({
      transport: { dns: { question: QUESTION } },
    });
  });

  it('is not when it does not', () => {
    const { transport } = overTcp(Buffer.concat([u16(asked.length), asked.subarray(0, 20)])) as { transport: object };
    expect(transport).not.toHaveProperty('dns');
  });
});
