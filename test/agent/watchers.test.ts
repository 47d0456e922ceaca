/** What watches a lab ends with the connection that wanted it, however that ends. */
import { describe, expect, it } from 'vitest';
import { Watchers } from '../../src/agent/watchers.ts';

class Watcher {
  stops = 0;

  async stop(): Promise<void> {
    this.stops++;
  }
}

describe('a watcher', () => {
  it('is known by a number of its own', () => {
    const watchers = new Watchers<Watcher>();
    const [first, second] = [new Watcher(), new Watcher()];
    const handles = [watchers.keep(first), watchers.keep(second)];
    expect(handles.map((handle) => watchers.get(handle))).toEqual([first, second]);
    expect(watchers.get(99)).toBeUndefined();
  });

  it('is stopped when the connection ends, once', () => {
    const watchers = new Watchers<Watcher>();
    const watcher = new Watcher();
    watchers.keep(watcher);
    watchers.end();
    watchers.end();
    expect(watcher.stops).toBe(1);
  });

  it('that was taken is stopped by whoever took it', () => {
    const watchers = new Watchers<Watcher>();
    const watcher = new Watcher();
    const handle = watchers.keep(watcher);
    expect(watchers.take(handle)).toBe(watcher);
    expect(watchers.take(handle)).toBeUndefined();
    watchers.end();
    expect(watcher.stops).toBe(0);
  });

  it('that is ready only after the connection has ended is stopped at once', () => {
    const watchers = new Watchers<Watcher>();
    watchers.end();
    const watcher = new Watcher();
    watchers.keep(watcher);
    expect(watcher.stops).toBe(1);
  });

  it('that cannot be stopped does not keep the others from it', async () => {
    const watchers = new Watchers<{ stop(): Promise<void> }>();
    const watcher = new Watcher();
    watchers.keep({ stop: () => Promise.reject(new Error('gone')) });
    watchers.keep(watcher);
    watchers.end();
    expect(watcher.stops).toBe(1);
  });
});
