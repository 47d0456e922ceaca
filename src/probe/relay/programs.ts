/** The programs that relay, and their habits. */
import type { RelayProgram } from '../../compile/relay.ts';

export interface Habits {
  /** How long it waits for an endpoint, for one attempt after the other; then it closes the client's connection. */
  readonly dialMs: readonly number[];
  /** It connects for one client after the other, and accepts nobody meanwhile. */
  readonly inTurn: boolean;
  /** When one side has said all it has to say, it goes on listening to the other. */
  readonly hearsOut: boolean;
}

/** tcp(7): what the kernel tries with net.ipv4.tcp_syn_retries 6. */
const KERNEL_MS = 127_000;

export const PROGRAMS: Record<RelayProgram, Habits> = {
  /** kubernetes pkg/proxy/userspace/proxysocket.go */
  'kube-proxy': { dialMs: [250, 500, 1000, 2000], inTurn: true, hearsOut: false },
  /** moby cmd/docker-proxy/tcp_proxy_linux.go */
  'docker-proxy': { dialMs: [KERNEL_MS], inTurn: false, hearsOut: true },
  /** Its documentation, section 4: `timeout connect` of 5 s as in the examples, `retries` 3, `option redispatch`. */
  haproxy: { dialMs: [5000, 5000, 5000, 5000], inTurn: false, hearsOut: true },
};
