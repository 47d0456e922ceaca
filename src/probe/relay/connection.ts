/** The connections a relay makes of its own to endpoints, opened in the namespace the thread is in. */
import { closeSync } from 'node:fs';
import { SystemCallError } from '../../apply/kernel/errors.ts';
import { connect, getsockname, SOCK_NONBLOCK, socketFor } from '../../apply/kernel/libc.ts';
import type { SocketAddress } from '../../net/port.ts';
import { chooseSequence } from '../sequence.ts';
import { type OpenAttempt, tupleOf } from './log.ts';

export const ANY = '0.0.0.0';
/** A Service whose endpoint leads back to it would go round until there are no descriptors left. */
export const MAX_CLIENTS = 1024;

/** A socket that is being connected; undefined when the kernel has none, or no way there: the attempt says why. */
export function openConnection(
  type: number,
  endpoint: SocketAddress,
  attempt: OpenAttempt,
  sequence?: number,
): number | undefined {
  let fd: number | undefined;
  try {
    fd = socketFor(endpoint.address, type | SOCK_NONBLOCK);
    if (sequence !== undefined) chooseSequence(fd, sequence);
    connect(fd, endpoint.address, endpoint.port);
    attempt.opened = tupleOf(getsockname(fd), endpoint);
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (!(error instanceof SystemCallError)) throw error;
    attempt.failure = error.code;
    return undefined;
  }
}
