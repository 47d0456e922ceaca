/**
 * Real servers of IPVS that are to go: at once when they are idle, else when they are, looked at every minute. Until then
 * they get no new connections (kubernetes pkg/proxy/ipvs/graceful_termination.go).
 */
import { run, runChecked } from './kernel/command.ts';
import { inside } from './kernel/namespaces.ts';

const INTERVAL_MS = 60_000;

export class Retirement {
  /** `NAMESPACE SERVER`, the server as commands name it: `-t 10.96.0.1:80 -r 10.244.1.2:8080`. */
  readonly #leaving = new Map<string, { readonly namespace: string; readonly server: string }>();
  #timer: NodeJS.Timeout | undefined;

  async retire(namespace: string, server: string): Promise<void> {
    if (await removeIdle(namespace, server)) return;
    await ipvsadm(namespace, '-e', ...server.split(' '), '-m', '-w', '0');
    this.#leaving.set(`${namespace} ${server}`, { namespace, server });
    this.#timer ??= setInterval(() => void this.#look(), INTERVAL_MS).unref();
  }

  /** A real server that comes back before it is gone is removed now, so that it can be added. */
  async readmit(namespace: string, commands: string): Promise<void> {
    for (const [key, leaving] of this.#leaving) {
      if (leaving.namespace !== namespace || !commands.includes(`-a ${leaving.server} `)) continue;
      this.#leaving.delete(key);
      await ipvsadm(namespace, '-d', ...leaving.server.split(' '));
    }
  }

  async #look(): Promise<void> {
    for (const [key, { namespace, server }] of this.#leaving)
      if (await removeIdle(namespace, server)) this.#leaving.delete(key);
    if (this.#leaving.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

/** Removes a real server that has no connections. */
async function removeIdle(namespace: string, server: string): Promise<boolean> {
  if ((await connections(namespace, server)) > 0) return false;
  /** Its service may have gone meanwhile, and the server with it. */
  await inside(namespace, () => run(['ipvsadm', '-d', ...server.split(' ')], { namespace }));
  return true;
}

/** Active and inactive ones. A server that is not there, its service gone, has none. */
async function connections(namespace: string, server: string): Promise<number> {
  const [option = '', service = '', , address = ''] = server.split(' ');
  const { stdout } = await inside(namespace, () => run(['ipvsadm', '-Ln', option, service], { namespace }));
  const fields =
    stdout
      .split('\n')
      .find((line) => line.includes(`-> ${address} `))
      ?.trim()
      .split(/\s+/) ?? [];
  return fields.slice(-2).reduce((sum, count) => sum + Number(count), 0);
}

function ipvsadm(namespace: string, ...args: readonly string[]): Promise<unknown> {
  return inside(namespace, () => runChecked(['ipvsadm', ...args], { namespace }));
}
