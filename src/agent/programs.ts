/** The programs that packetwalk starts besides itself. */
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { SandboxError } from '../apply/sandbox/error.ts';

/** Next to the bundle, or in the build folder when run from source. */
export function programPath(name: 'agent' | 'guest' | 'keeper'): string {
  const candidates = [`./${name}.js`, `../${name}.js`, `../../dist/${name}.js`].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new SandboxError(`${name}.js has not been built`, 'npm run build');
  return found;
}
