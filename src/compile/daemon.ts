/**
 * Programs that run in a namespace for as long as it stands, each at most once there, by a configuration file: what a machine's
 * init or a pod's container would start.
 */
import type { BirdDaemon } from './bird.ts';
import type { NginxDaemon } from './nginx.ts';

export interface Daemons {
  readonly bird?: BirdDaemon;
  readonly nginx?: NginxDaemon;
}

export const DAEMON_PROGRAMS = ['bird', 'nginx'] as const satisfies readonly (keyof Daemons)[];
export type DaemonProgram = (typeof DAEMON_PROGRAMS)[number];
