/** packetwalk delete: takes objects out of a running lab. */
import { changeRunning, type Options } from './change.ts';

export function run(names: readonly string[], options: Options): Promise<number> {
  return changeRunning({ delete: names }, options);
}
