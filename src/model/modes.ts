/** What holds in some modes only. */
import type { ModesObject } from '../parse/schema/check.ts';
import type { CniMode, ProxyMode } from './cluster.ts';

export interface Modes {
  readonly cni: CniMode;
  readonly proxy: ProxyMode;
}

/** Whether a statement is about these modes. All that it names must fit; one that names none is about all. */
export function fits(about: ModesObject | undefined, { cni, proxy }: Modes): boolean {
  const within = (named: string | readonly string[] | undefined, mode: string) =>
    named === undefined || [named].flat().includes(mode);
  return within(about?.proxy, proxy) && within(about?.cni, cni);
}
