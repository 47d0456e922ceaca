/**
 * However a virtual machine ends, while it boots or while it is at work: no process, no file and no lab is left of it, and
 * whoever was waiting for it is told.
 */
import { statSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { cacheFolder } from '../../src/apply/sandbox/vm/cache.ts';
import { BOOT_MS, FILE, leftOut, noMachines, Place } from './machines.ts';
import { CLI, until } from './tools.ts';

/** Its checks take seconds. */
const SLOW = 'topologies/session-affinity.yaml';

describe.skipIf(noMachines)(`nothing is left of a virtual machine${leftOut}`, () => {
  const COMMANDS = { test: ['test', FILE], up: ['up', '-f', FILE] };
  const VICTIMS = { command: CLI, keeper: 'keeper.js', QEMU: 'qemu-system' };

  it.each([
    ['test', 'command', 'SIGINT'],
    ['test', 'command', 'SIGTERM'],
    ['test', 'command', 'SIGKILL'],
    ['test', 'QEMU', 'SIGKILL'],
    ['up', 'command', 'SIGINT'],
    ['up', 'command', 'SIGKILL'],
    ['up', 'keeper', 'SIGTERM'],
    ['up', 'keeper', 'SIGKILL'],
    ['up', 'QEMU', 'SIGKILL'],
  ] as const)('that boots for %s, when its %s gets %s', async (command, victim, signal) => {
    const place = new Place();
    const running = place.start(...COMMANDS[command], '--sandbox', 'vm');
    let ended = false;
    void running.ended.then(() => {
      ended = true;
    });
    await until(
      () => place.find(VICTIMS.QEMU),
      (pid) => pid !== undefined || ended,
      BOOT_MS,
    );
    /** Where KVM fails, a second QEMU emulates. */
    do {
      const pid = place.find(VICTIMS[victim]);
      if (pid !== undefined) process.kill(pid, signal);
      await new Promise((go) => setTimeout(go, 20));
    } while (victim === 'QEMU' && !ended);
    const { code, signal: by, output } = await running.ended;
    if (victim !== 'command')
      expect({ code, output }).toEqual({ code: 3, output: expect.stringContaining('the virtual machine ended') });
    else expect(by ?? code).toBe({ SIGINT: 130, SIGTERM: 143, SIGKILL: 'SIGKILL' }[signal]);
    await place.expectNothingLeft();
  });

  it.each([
    ['command', 'SIGKILL'],
    ['QEMU', 'SIGKILL'],
  ] as const)(
    'that is at work, when its %s gets %s',
    async (victim, signal) => {
      const place = new Place();
      const record = cacheFolder('machine.json');
      const since = Date.now();
      const running = place.start('test', SLOW, '--sandbox', 'vm');
      await until(
        () => statSync(record, { throwIfNoEntry: false })?.mtimeMs ?? 0,
        (time) => time > since,
        BOOT_MS,
      );
      await new Promise((go) => setTimeout(go, 2000));
      process.kill(place.find(VICTIMS[victim])!, signal);
      const { code, signal: by, output } = await running.ended;
      if (victim === 'command') expect(by).toBe(signal);
      else expect({ code, output }).toEqual({ code: 3, output: expect.stringContaining('the virtual machine ended') });
      await place.expectNothingLeft();
    },
    BOOT_MS,
  );
});
