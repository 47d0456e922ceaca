/** KernelState → KernelState with links that are slow, lose packets, or are down. */
import type { KernelState, Link } from '../compile/kernel-state.ts';
import type { ImpairedLink } from '../model/cluster.ts';
import { isImpaired } from '../net/impairment.ts';

type Wanted = Pick<ImpairedLink, 'netns' | 'device' | 'impairment' | 'down'>;

/** The later of two words about one link counts. `unknown` are those whose place has no such interface. */
export function impair<T extends Wanted>(
  state: KernelState,
  impaired: readonly T[],
): { readonly state: KernelState; readonly unknown: readonly T[] } {
  const byLink = new Map(impaired.map((link) => [`${link.netns} ${link.device}`, link]));
  const found = new Set<T>();
  const namespaces = state.namespaces.map((namespace) => {
    const links = namespace.links.map((link) => {
      const own = byLink.get(`${namespace.name} ${link.name}`);
      if (own) found.add(own);
      return own ? impairedLink(link, own) : link;
    });
    return links.every((link, index) => link === namespace.links[index]) ? namespace : { ...namespace, links };
  });
  return { state: { namespaces }, unknown: [...byLink.values()].filter((link) => !found.has(link)) };
}

/** An impairment that says nothing of up and down leaves the link as it is: a fault may have taken it down. */
function impairedLink({ impairment: _, ...link }: Link, { impairment, down }: Wanted): Link {
  return { ...link, up: down === undefined ? link.up : !down, ...(isImpaired(impairment) && { impairment }) };
}

/** A state with the links as they were made to be since: whatever of `current` differs from how it was planned. */
export function impairedAs(current: KernelState, planned: KernelState, wanted: KernelState): KernelState {
  const conditions = new Map(planned.namespaces.flatMap((namespace) => namespace.links.map(conditionIn(namespace))));
  const since = current.namespaces
    .flatMap((namespace) => namespace.links.map(conditionIn(namespace)))
    .filter(([key, condition]) => JSON.stringify(conditions.get(key)) !== JSON.stringify(condition));
  return impair(
    wanted,
    since.map(([, condition]) => condition),
  ).state;
}

function conditionIn({ name: netns }: { readonly name: string }): (link: Link) => [string, Wanted] {
  return ({ name: device, impairment = {}, up }) => [`${netns} ${device}`, { netns, device, impairment, down: !up }];
}

/** Every interface of a place, for whoever named one that is not there. */
export function interfacesOf({ namespaces }: KernelState, netns: string): string[] {
  return namespaces.find(({ name }) => name === netns)?.links.map(({ name }) => name) ?? [];
}
