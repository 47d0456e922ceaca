import { defineConfig } from 'vitest/config';

/** Every lab is in a virtual machine: `scripts/test --sandbox vm`. */
const inMachines = process.env.PACKETWALK_SANDBOX === 'vm';

/** Kernel tests that make no sense there, and why. */
const NOT_IN_MACHINES: Record<string, string> = {
  action: 'runs the action as it is on a runner, which chooses the sandbox itself',
  environment: 'takes programs and rights away that namespaces need',
  'plan-script': 'runs the script of a plan on the kernel of this machine, and compares',
  pod: 'takes capabilities away that namespaces need',
  provision: 'sets up a new root file system, where there is no kernel to boot',
  safety: 'kills the processes of namespaces; vm-ends does so with those of machines',
  vm: 'has machines of its own',
  'vm-ends': 'has machines of its own',
  'vm-kernels': 'has machines of its own',
};

/** `unit` needs no privilege and no tools; `kernel` builds real labs. */
export default defineConfig({
  test: {
    pool: 'forks',
    projects: [
      {
        test: { name: 'unit', include: ['test/**/*.test.ts'], exclude: ['test/kernel/**'], testTimeout: 30_000 },
      },
      {
        test: {
          name: 'kernel',
          include: ['test/kernel/**/*.test.ts'],
          globalSetup: ['test/kernel/build.ts'],
          exclude: inMachines ? Object.keys(NOT_IN_MACHINES).map((name) => `test/kernel/${name}.test.ts`) : [],
          testTimeout: inMachines ? 600_000 : 120_000,
          hookTimeout: inMachines ? 600_000 : 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
