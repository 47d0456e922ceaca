/** What is said when a virtual machine ends: the cause that explains most, in words, and what to do. */
import { describe, expect, it } from 'vitest';
import { lastWords, problemOn, whyEnded } from '../../../../src/apply/sandbox/vm/diagnosis.ts';

const BOOT = 'packetwalk at kernel: 1.23\r\npacketwalk at modules: 1.40\r\n';

describe('a machine that ended', () => {
  const CASES: Record<string, [shown: string, errors: string, message: string, remedy: RegExp | undefined]> = {
    'says why its guest could not go on': [
      `${BOOT}packetwalk: modules/9p.ko cannot be loaded\r\n`,
      '',
      'the virtual machine could not start: modules/9p.ko cannot be loaded',
      /--kernel/,
    ],
    panicked: [
      `${BOOT}[   43.2] Kernel panic - not syncing: sysrq triggered crash\r\n[   43.3] CPU: 0 PID: 1\r\n`,
      '',
      'the kernel of the virtual machine panicked: Kernel panic - not syncing: sysrq triggered crash',
      /--kernel/,
    ],
    'had too little memory, of which the panic only comes': [
      '[ 3.1] Out of memory: Killed process 77 (node) total-vm:1kB\r\n[ 3.2] Kernel panic - not syncing: Attempted to kill init!\r\n',
      '',
      'the virtual machine ran out of memory: Out of memory: Killed process 77 (node) total-vm:1kB',
      /free some memory/,
    ],
    'had so little memory that nothing could be killed': [
      '[ 3.1] Kernel panic - not syncing: System is deadlocked on memory\r\n',
      '',
      'the virtual machine ran out of memory: System is deadlocked on memory',
      /free some memory/,
    ],
    'was refused its memory by the host': [
      '',
      "qemu-system-x86_64: cannot set up guest memory 'pc.ram': Cannot allocate memory\n",
      "the virtual machine got no memory: cannot set up guest memory 'pc.ram': Cannot allocate memory",
      /free some memory/,
    ],
    'was refused KVM': [
      '',
      'Could not access KVM kernel module: Permission denied\nqemu-system-x86_64: failed to initialize kvm: Permission denied\n',
      'the virtual machine ended: Could not access KVM kernel module: Permission denied; failed to initialize kvm: Permission denied',
      undefined,
    ],
    'was killed': [BOOT, '', 'the virtual machine ended', undefined],
    'only said something before it ended': [
      `${BOOT}[    9.0] \x1b[0mEXT4-fs error\r\n\r\n`,
      '',
      'the virtual machine ended (last on its console: [0mEXT4-fs error)',
      undefined,
    ],
  };

  it.each(Object.keys(CASES))('%s', (name) => {
    const [shown, errors, message, remedy] = CASES[name]!;
    const found = whyEnded(shown, errors);
    expect(found.message).toBe(message);
    if (remedy) expect(found.remedy).toMatch(remedy);
    else expect(found.remedy).toBeUndefined();
  });
});

describe('a machine that runs', () => {
  it('has no problem when its console shows none', () => {
    expect(problemOn(BOOT)).toBeUndefined();
    expect(lastWords(BOOT)).toBe('');
  });

  it('may have killed a lab for want of memory', () => {
    expect(problemOn(`${BOOT}[ 77.0] Out of memory: Killed process 99 (node)\r\n`)?.message).toMatch(
      /ran out of memory/,
    );
  });
});
