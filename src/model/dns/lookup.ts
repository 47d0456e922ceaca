/** What a name will be for a sender, found out without asking: for whom captures are to be made, and who may answer. */
import { answer } from '../../dns/answer.ts';
import { nameProblem, type Question, reverseName, type Zone } from '../../dns/record.ts';
import { candidates, type ResolverConfig } from '../../dns/resolver.ts';
import { addressBytes, type Family, familyIn, familyOf } from '../../net/address.ts';
import type { LookupDestination, NameDestination } from '../check.ts';
import type { Place } from '../cluster.ts';
import { resolverOf } from '../resolver.ts';
import { hostsEntries, type Neighbours } from '../surroundings.ts';

/** The types a sender asks for: of the families it has addresses of (getaddrinfo(3), AI_ADDRCONFIG), or of one. */
export function typesFor({ addresses }: Place, family?: Family): string[] {
  const families = family === undefined ? addresses.map(familyIn) : [family];
  const types = [...new Set(families)].map((each) => (each === 4 ? 'A' : 'AAAA'));
  return types.length > 0 ? types : ['A'];
}

/** The addresses /etc/hosts has for a name, of the types that are asked for. */
export function knownAddresses(cluster: Neighbours, sender: Place, { name, family }: NameDestination): string[] {
  const types = typesFor(sender, family);
  const known = hostsEntries(cluster, sender).get(name.toLowerCase().replace(/\.$/, '')) ?? [];
  return known.filter((address) => types.includes(familyIn(address) === 4 ? 'A' : 'AAAA'));
}

/** Those that the name has for the sender; none when it has none. */
export function addressesBehind(cluster: Neighbours, sender: Place, to: NameDestination): string[] {
  const known = knownAddresses(cluster, sender, to);
  const { dns } = cluster;
  if (known.length > 0 || !dns) return known;
  return addressesIn(dns.zone, to.name, resolverOf(cluster, sender), typesFor(sender, to.family));
}

/** Those of the first name that has any, of all that a resolver would ask for. */
export function addressesIn(zone: Zone, text: string, resolver: ResolverConfig, types: readonly string[]): string[] {
  for (const name of candidates(text, resolver)) {
    const found = types.flatMap((type) => answersOf(zone, { name, type }));
    if (found.length > 0) return found;
  }
  return [];
}

function answersOf(zone: Zone, question: Question): string[] {
  return answer(zone, question).answers.flatMap((record) => (record.type === question.type ? String(record.data) : []));
}

/** Why a text can neither be asked for nor asked for its name; undefined when it can. */
export function lookupProblem(text: string): string | undefined {
  return familyOf(text) === undefined ? nameProblem(text) : undefined;
}

/** `resolve:` of a check. An address is asked for its name. */
export function lookupOf(
  name: string,
  type: string | undefined,
  sender: Place,
  family: Family | undefined,
): LookupDestination {
  if (familyOf(name) === undefined) return { text: name, lookup: { name, type: type ?? typesFor(sender, family)[0]! } };
  return { text: name, lookup: { name: `${reverseName(name, addressBytes(name))}.`, type: type ?? 'PTR' } };
}
