/** TUN devices, made and opened in the namespace the thread is in. */
import { closeSync, constants, openSync } from 'node:fs';
import { becomeTun, keepTun } from './libc.ts';

const CLONE_DEVICE = '/dev/net/tun';

/** Makes one that stays. It has a carrier while a process has it open. */
export function makeTun(name: string): void {
  const fd = openTun(name);
  try {
    keepTun(fd);
  } finally {
    closeSync(fd);
  }
}

/** A descriptor from which each read takes one packet the kernel sends, and into which each write is one it gets; neither waits. */
export function openTun(name: string): number {
  const fd = openSync(CLONE_DEVICE, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    becomeTun(fd, name);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
