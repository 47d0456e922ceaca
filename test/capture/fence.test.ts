import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FENCE_MS, untilSeen } from '../../src/capture/fence.ts';

const NEVER = new Promise<void>(() => {});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a fence', () => {
  it('is sent once where it is seen at once', async () => {
    const send = vi.fn();
    const seen = untilSeen({ send, isSeen: () => send.mock.calls.length > 0, over: NEVER });
    await vi.advanceTimersByTimeAsync(FENCE_MS);
    expect(await seen).toBe(true);
    expect(send).toHaveBeenCalledTimes(1);
  });

  it('is not waited for a moment longer than it takes to be seen', async () => {
    let seen = false;
    const arrived = new Promise<void>((resolve) =>
      setTimeout(() => {
        seen = true;
        resolve();
      }, 5000),
    );
    const waiting = untilSeen({ send: () => {}, isSeen: () => seen, over: arrived });
    await vi.advanceTimersByTimeAsync(5000);
    expect(await waiting).toBe(true);
  });

  it('is sent less and less often to a watcher that does not show it, and given up', async () => {
    const sent: number[] = [];
    const start = performance.now();
    const waiting = untilSeen({ send: () => sent.push(performance.now() - start), isSeen: () => false, over: NEVER });
    await vi.advanceTimersByTimeAsync(FENCE_MS + 1000);
    expect(await waiting).toBe(false);
    expect(sent.slice(0, 8)).toEqual([0, 20, 60, 140, 300, 620, 1260, 2260]);
    expect(sent.at(-1)).toBeLessThan(FENCE_MS);
  });

  it('is not waited for from a watcher that has ended', async () => {
    const send = vi.fn();
    const ended = new Promise<void>((resolve) => setTimeout(resolve, 10));
    const waiting = untilSeen({ send, isSeen: () => false, over: ended });
    await vi.advanceTimersByTimeAsync(10);
    expect(await waiting).toBe(false);
    expect(send).toHaveBeenCalledTimes(1);
  });
});
