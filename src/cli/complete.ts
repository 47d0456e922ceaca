/** packetwalk complete: asked by the completion scripts; not meant for people. */
import { complete } from './completion.ts';

export function run(words: readonly string[]): Promise<number> {
  return complete(words);
}
