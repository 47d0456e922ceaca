/** What a probe is, and what its sender experienced. */
import type { RelayProgram } from '../compile/relay.ts';
import type { ReadReply } from '../dns/message.ts';
import type { Question } from '../dns/record.ts';
import type { ResolverConfig } from '../dns/resolver.ts';
import type { Protocol, Tuple } from '../net/port.ts';

export interface ProbeRequest extends ProbeOptions {
  readonly destination: { readonly address: string; readonly port?: number };
  /** Asked instead of what endpoints are asked: the destination is a nameserver. */
  readonly question?: Question;
}

/** Without a port, a name is only asked for. */
export interface NamedProbeRequest extends ProbeOptions {
  readonly destination: { readonly lookup: LookupRequest; readonly port?: number };
}

export interface LookupRequest {
  readonly name: string;
  /** Types of records, asked for one after the other. */
  readonly types: readonly string[];
  readonly resolver: ResolverConfig;
  /** The addresses that the sender's /etc/hosts has. */
  readonly known: readonly string[];
}

interface ProbeOptions {
  /** Namespace the probe is sent from. */
  readonly namespace: string;
  readonly protocol: Protocol | 'ICMP';
  /** Own address and port to bind. */
  readonly source?: { readonly address?: string; readonly port?: number };
  /** Text put into the payload. */
  readonly payload?: string;
  /** Payload bytes altogether; at least what the probe's own mark needs. */
  readonly size?: number;
  readonly ttl?: number;
  readonly timeoutMs: number;
}

/** What an endpoint says to whoever asks. */
export interface EndpointAnswer {
  /** Who answers: `pod/web-0`. */
  readonly endpoint: string;
  /** The address that was reached, with its port: `10.244.2.2:8080`. */
  readonly address: string;
  /** Whom it saw: `10.244.1.0:61322`. */
  readonly source: string;
  readonly protocol: Protocol;
}

export type ProbeResult =
  /** An answer came back. `answer` is undefined for ICMP echo, for a nameserver, and for a listener that is not ours. */
  | {
      readonly kind: 'answered';
      readonly answer?: EndpointAnswer;
      readonly status?: number;
      readonly reply?: ReadReply;
    }
  /** The kernel reported an error, at once or on behalf of somebody on the way: `ECONNREFUSED`. */
  | { readonly kind: 'refused'; readonly errno: string }
  | { readonly kind: 'timeout' }
  /** This kernel cannot send such a probe. */
  | { readonly kind: 'unsupported'; readonly reason: string };

export interface ProbeRun {
  /** The mark every packet of the probe carries: 1 to 65535. */
  readonly id: number;
  readonly namespace: string;
  readonly protocol: Protocol | 'ICMP';
  /** Addresses as the sending socket had them; undefined when there was no route to choose one by. */
  readonly local?: { readonly address: string; readonly port: number };
  readonly remote: { readonly address: string; readonly port?: number };
  readonly result: ProbeResult;
  /** Of a probe that asks a nameserver. */
  readonly question?: Question;
  /** Of a probe to a name: the name, and the questions before this one, in their order. */
  readonly name?: string;
  readonly queries?: readonly ProbeRun[];
  /** The name has no address, as far as its sender could find out: this is its last question. */
  readonly unresolved?: true;
  /** The processes that took the probe and passed it on, in their order; left out when none did. */
  readonly relayed?: readonly Relayed[];
  readonly durationMs: number;
}

/** What a process that relays did with a probe, as it knows it itself. */
export interface Relayed {
  /** Namespace it lives in. */
  readonly namespace: string;
  readonly program: RelayProgram;
  /** For whose port: `default/web:http`. */
  readonly serves: string;
  /** The client's connection, as its socket has it. */
  readonly accepted: Tuple;
  /** Its turn had not come: one connection is taken after the other, and opening another one may take its time. */
  readonly waiting: boolean;
  /** Its own connections, in their order: it stays with the last one. None when the Service has no endpoint. */
  readonly attempts: readonly RelayAttempt[];
}

export interface RelayAttempt {
  readonly endpoint: string;
  /** As its socket has it; undefined when there was no route to choose an address by. */
  readonly opened?: Tuple;
  readonly connected: boolean;
  /** What it was told then, or instead: `ECONNREFUSED`. */
  readonly failure?: string;
}
