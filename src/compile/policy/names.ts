/**
 * What kube-router calls things (pkg/controllers/netpol/policy.go, pod.go, comments.go). It puts the time of its last sync into
 * the hashes of chains, so that it can build new ones beside the old; here there is none.
 */
import type { Family } from '../../net/address.ts';
import { base32Hash } from '../base32.ts';

interface Named {
  readonly namespace: string;
  readonly name: string;
}

const HASH_LENGTH = 16;
const COMMENT_LENGTH = 120;

export function policyChain({ namespace, name }: Named, family: Family): string {
  return `KUBE-NWPLCY-${hash(namespace + name + ipFamily(family))}`;
}

export function podChain({ namespace, name }: Named): string {
  return `KUBE-POD-FW-${hash(namespace + name)}`;
}

/** Of the pods a policy selects. */
export function targetSet(kind: 'SRC' | 'DST', { namespace, name }: Named, family: Family): string {
  return setName(kind, namespace + name + ipFamily(family), family);
}

/** Of whom a rule names: pods, ranges. Those of ingress are sources. */
export function peerSet(
  direction: 'ingress' | 'egress',
  kind: 'pod' | 'ipblock',
  { namespace, name }: Named,
  rule: number,
  family: Family,
): string {
  const text = `${namespace}${name}${direction}rule${rule}${ipFamily(family)}${kind}`;
  return setName(direction === 'ingress' ? 'SRC' : 'DST', text, family);
}

/** Of pods in which a port's name stands for the same number. */
export function namedPortSet(
  direction: 'ingress' | 'egress',
  { namespace, name }: Named,
  rule: number,
  index: number,
  family: Family,
): string {
  return setName('DST', `${namespace}${name}${direction}rule${rule}${index}${ipFamily(family)}namedport`, family);
}

/** By which kube-router knows a rule in a chain again. */
export function ruleId(chain: string, words: readonly string[]): string {
  return hash(chain + words.join(''));
}

/** `default/web policy` */
export function shortComment({ namespace, name }: Named, kind: string): string {
  return `-m comment --comment "${`${namespace}/${name} ${kind}`.slice(0, COMMENT_LENGTH)}"`;
}

function setName(kind: 'SRC' | 'DST', hashed: string, family: Family): string {
  return `${family === 4 ? '' : 'inet6:'}KUBE-${kind}-${hash(hashed)}`;
}

function ipFamily(family: Family): string {
  return `IPv${family}`;
}

function hash(text: string): string {
  return base32Hash(text, HASH_LENGTH);
}
