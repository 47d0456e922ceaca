/** What a program prints waits in its pipe when nobody takes it. */
import { PassThrough } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { passOn } from '../../src/agent/flow.ts';

it('nothing more is taken until what was taken last is gone, and then nothing is missing', async () => {
  const source = new PassThrough({ highWaterMark: 4 });
  const taken: string[] = [];
  let gone = () => {};
  passOn(source, (data) => {
    taken.push(String(data));
    return data.length > 1 ? new Promise((resolve) => (gone = resolve)) : undefined;
  });
  for (const text of ['a', 'b', 'long', 'c', 'd']) {
    source.write(text);
    await turn();
  }
  expect(taken).toEqual(['a', 'b', 'long']);
  gone();
  await turn();
  expect(taken.join('')).toBe('ablongcd');
});
