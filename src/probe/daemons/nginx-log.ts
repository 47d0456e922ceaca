/** A line of nginx's log (compile/ingress/nginx-conf.ts, log_format) as what a relay did with a probe. */
import { socketAddress } from '../../net/port.ts';
import { idOfUserAgent } from '../mark.ts';
import type { RelayAttempt, Relayed } from '../probe.ts';

interface Line {
  readonly agent: string;
  readonly client: readonly [string, string];
  readonly server: readonly [string, string];
  readonly upstream: string;
  /** One for each attempt, `-` for what did not come about: `10.244.1.2:80, 10.244.2.2:80`. */
  readonly endpoints: string;
  readonly statuses: string;
  readonly connected: string;
}

/** Undefined when the request was no probe's, or was relayed to nobody. */
export function relayedIn(text: string, namespace: string): { probe: number; relayed: Relayed } | undefined {
  const line = readLine(text);
  const probe = line ? idOfUserAgent(line.agent) : 0;
  if (!line || probe === 0) return undefined;
  const [source, destination] = [line.client, line.server].map(([address, port]) =>
    socketAddress(address, Number(port)),
  );
  const relayed: Relayed = {
    namespace,
    program: 'nginx',
    serves: line.upstream,
    accepted: { source: source!, destination: destination! },
    waiting: false,
    attempts: attemptsOf(line),
  };
  return { probe, relayed };
}

function attemptsOf({ endpoints, statuses, connected }: Line): RelayAttempt[] {
  const [each, codes, times] = [endpoints, statuses, connected].map(listOf);
  return each!.map((endpoint, index) => {
    const isConnected = times![index] !== undefined && times![index] !== NOTHING;
    const failure = isConnected ? undefined : codes![index] === '504' ? 'timed out' : 'could not connect';
    return { endpoint, connected: isConnected, ...(failure !== undefined && { failure }) };
  });
}

const NOTHING = '-';

function listOf(text: string): string[] {
  return text === '' || text === NOTHING ? [] : text.split(', ');
}

function readLine(text: string): Line | undefined {
  try {
    return JSON.parse(text) as Line;
  } catch {
    return undefined;
  }
}
