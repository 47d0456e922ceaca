/** The cache: what is in it is whole, and losing it or being refused it is no misfortune. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { adding, cacheFolder, recall, remember, sweep } from '../../../../src/apply/sandbox/vm/cache.ts';
import { temporary } from './fakes.ts';

let folder: string;
const before = process.env.XDG_CACHE_HOME;

beforeEach(() => {
  folder = temporary();
  process.env.XDG_CACHE_HOME = folder;
});

afterEach(() => {
  if (before === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = before;
});

const nobody = () => {
  throw new Error('there is nobody to wait for');
};

describe('what is remembered', () => {
  it('is there next time', () => {
    remember('machine.json', { bootMs: 8000 });
    expect(recall('machine.json')).toEqual({ bootMs: 8000 });
    expect(readdirSync(cacheFolder())).toEqual(['machine.json']);
  });

  it.each(['', '{"bootMs":', '\0\0'])('is forgotten when the file holds %j', (text) => {
    remember('machine.json', {});
    writeFileSync(cacheFolder('machine.json'), text);
    expect(recall('machine.json')).toBeUndefined();
  });

  it('is forgotten where nothing can be written', () => {
    writeFileSync(join(folder, 'packetwalk'), 'in the way');
    remember('machine.json', {});
    expect(recall('machine.json')).toBeUndefined();
  });
});

describe('what is added', () => {
  it('is made in a folder of its own, which is gone afterwards', async () => {
    const made = await adding(cacheFolder('kernels'), nobody, async (unfinished) => {
      writeFileSync(join(unfinished, 'half'), '');
      return unfinished;
    });
    expect(existsSync(made)).toBe(false);
  });

  it('leaves nothing when it fails', async () => {
    await expect(adding(cacheFolder('kernels'), nobody, () => Promise.reject(new Error('no network')))).rejects.toThrow(
      'no network',
    );
    expect(readdirSync(cacheFolder('kernels'))).toEqual(['.lock']);
    expect(process.listenerCount('exit')).toBeLessThan(10);
  });

  it('is made by one at a time; the others are told that they wait', async () => {
    const log: string[] = [];
    const add = (name: string) =>
      adding(
        cacheFolder('kernels'),
        () => log.push(`${name} waits`),
        async () => {
          log.push(`${name} begins`);
          await new Promise((resolve) => setTimeout(resolve, 50));
          log.push(`${name} ends`);
        },
      );
    await Promise.all([add('one'), add('two')]);
    expect(log).toEqual(['one begins', 'two waits', 'one ends', 'two begins', 'two ends']);
  });
});

describe('what a killed process has left', () => {
  const left = () => {
    mkdirSync(cacheFolder('kernels/.unfinished-abc/unpacked'), { recursive: true });
    mkdirSync(cacheFolder('kernels/6.1'));
  };

  it('is removed, and nothing else', () => {
    left();
    sweep(cacheFolder('kernels'));
    expect(readdirSync(cacheFolder('kernels')).sort()).toEqual(['.lock', '6.1']);
  });

  it('is not what somebody is making', async () => {
    await adding(cacheFolder('kernels'), nobody, async (unfinished) => {
      left();
      sweep(cacheFolder('kernels'));
      expect(existsSync(unfinished)).toBe(true);
    });
  });

  it('may be in a folder that is not there', () => {
    expect(() => sweep(cacheFolder('nowhere'))).not.toThrow();
  });
});
