/** What a probe is, and what its sender experienced. */
import { RELAY_PROGRAMS } from '../compile/relay.ts';
import type { ReadReply } from '../dns/message.ts';
import type { Question } from '../dns/record.ts';
import type { ResolverConfig } from '../dns/resolver.ts';
import type { HttpRequest } from '../model/check.ts';
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
  /** What is asked for over HTTP; left out: `/`, of whoever has the address. */
  readonly http?: HttpRequest;
  readonly timeoutMs: number;
  /** What its TCP connection is called, which stays open after the answer. */
  readonly keep?: string;
  /** It is sent over this connection, and has its mark. Nothing else of the request counts but the time. */
  readonly over?: string;
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
  /** What was asked, as it came; header names are in lower case. */
  readonly request?: { readonly path: string; readonly headers: Readonly<Record<string, string>> };
}

export type ProbeResult =
  /** An answer came back. `answer` is undefined for ICMP echo, for a nameserver, and for a listener that is not ours. */
  | {
      readonly kind: 'answered';
      readonly answer?: EndpointAnswer;
      readonly status?: number;
      /** The headers Server and Location. */
      readonly server?: string;
      readonly location?: string;
      /** The names of the certificate that was shown, its common one first. */
      readonly certificate?: readonly string[];
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
  /** It went over a connection that was open before. */
  readonly continued?: true;
  /** Of a probe that asks a nameserver. */
  readonly question?: Question;
  /** Of a probe to a URL: what it asks for. */
  readonly http?: HttpRequest;
  /** Of a probe to a name: the name, and the questions before this one, in their order. */
  readonly name?: string;
  readonly queries?: readonly ProbeRun[];
  /** The name has no address, as far as its sender could find out: this is its last question. */
  readonly unresolved?: true;
  /** The processes that took the probe and passed it on, in their order; left out when none did. */
  readonly relayed?: readonly Relayed[];
  readonly durationMs: number;
}

/** The processes that relay: those of `RELAY_PROGRAMS`, and nginx, which passes on requests. */
export const RELAYS = [...RELAY_PROGRAMS, 'nginx'] as const;

/** What a process that relays did with a probe, as it knows it itself. */
export interface Relayed {
  /** Namespace it lives in. */
  readonly namespace: string;
  readonly program: (typeof RELAYS)[number];
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
  /** As its socket has it; undefined when there was no route to choose an address by, and for nginx, which does not tell. */
  readonly opened?: Tuple;
  readonly connected: boolean;
  /** What it was told then, or instead: `ECONNREFUSED`. */
  readonly failure?: string;
}
