/** What an endpoint says, read back. */
import type { EndpointAnswer } from './probe.ts';

/** Undefined for the words of somebody else. */
export function parseAnswer(text: string): EndpointAnswer | undefined {
  try {
    const value = JSON.parse(text) as Partial<EndpointAnswer>;
    return typeof value.endpoint === 'string' && typeof value.source === 'string'
      ? (value as EndpointAnswer)
      : undefined;
  } catch {
    return undefined;
  }
}
