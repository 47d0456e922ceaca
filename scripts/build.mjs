/** Bundles the command, the agent and the library into dist/, and writes the type declarations. */
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { build } from 'esbuild';

const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const types = !process.argv.includes('--no-types');

rmSync('dist', { recursive: true, force: true });

const common = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  format: 'esm',
  sourcemap: 'linked',
  external: ['koffi', 'vitest'],
  define: { PACKETWALK_VERSION: JSON.stringify(version) },
  /** Some dependencies are CommonJS and ask for built-in modules at run time. */
  banner: {
    js: "import { createRequire as packetwalkRequire } from 'node:module'; const require = packetwalkRequire(import.meta.url);",
  },
  logLevel: 'warning',
};

await build({
  ...common,
  entryPoints: {
    cli: 'src/cli/main.ts',
    agent: 'src/agent/main.ts',
    guest: 'src/agent/guest.ts',
    keeper: 'src/agent/keeper.ts',
    index: 'src/index.ts',
    vitest: 'src/vitest/index.ts',
  },
  outdir: 'dist',
  splitting: true,
  chunkNames: 'chunks/[name]-[hash]',
});
chmodSync('dist/cli.js', 0o755);

if (types) {
  const options = [
    '--noEmit',
    'false',
    '--emitDeclarationOnly',
    '--declaration',
    '--outDir',
    'dist/types',
    '--rootDir',
    'src',
  ];
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', ...options], {
    stdio: 'inherit',
  });
}
