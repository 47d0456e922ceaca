/** What the API server refuses in a NetworkPolicy (kubernetes pkg/apis/networking/validation/validation.go). */
import type { Diagnostics, Position } from '../diagnostic.ts';
import { type Cidr, cidrContains, parseCidr } from '../net/address.ts';
import type { ManifestOf } from '../parse/index.ts';
import type { Path } from '../parse/locate.ts';
import type { PeerObject, PolicyPortObject } from '../parse/schema/network-policy.ts';
import { checkSelector } from './label-selector.ts';

type At = (path: Path, part?: 'key') => Position;

/** Reports it, and what is accepted and means nothing. */
export function checkPolicy({ object: { spec }, locate }: ManifestOf<'NetworkPolicy'>, diagnostics: Diagnostics): void {
  const below =
    (...prefix: Path): At =>
    (path, part) =>
      locate(['spec', ...prefix, ...path], part);
  const { podSelector, policyTypes = [], ingress = [], egress = [] } = spec;
  checkSelector(podSelector, below('podSelector'), diagnostics);
  if (policyTypes.length > 2)
    diagnostics.error(
      'invalid-policy',
      'policyTypes names more than the two types there are',
      below('policyTypes')([]),
      'allowed: Ingress, Egress, or both',
    );
  const lists = [
    ['ingress', 'Ingress', 'from', ingress.map(({ from, ports }) => ({ peers: from, ports }))],
    ['egress', 'Egress', 'to', egress.map(({ to, ports }) => ({ peers: to, ports }))],
  ] as const;
  for (const [direction, type, field, rules] of lists) {
    for (const [index, { peers = [], ports = [] }] of rules.entries()) {
      for (const [n, peer] of peers.entries()) checkPeer(peer, below(direction, index, field, n), diagnostics);
      for (const [n, port] of ports.entries()) checkPort(port, below(direction, index, 'ports', n), diagnostics);
    }
    if (rules.length > 0 && policyTypes.length > 0 && !policyTypes.includes(type))
      diagnostics.warn(
        'unused',
        `policyTypes does not name ${type}: the rules here mean nothing`,
        below(direction)([], 'key'),
        `add ${type} to policyTypes, or leave policyTypes out`,
      );
  }
}

function checkPort({ port, endPort }: PolicyPortObject, at: At, diagnostics: Diagnostics): void {
  if (endPort === undefined) return;
  const refuse = (message: string, help: string) => diagnostics.error('invalid-policy', message, at(['endPort']), help);
  if (port === undefined)
    refuse('endPort ends a range of ports, and there is no port that begins it', 'add port, the first of the range');
  else if (typeof port === 'string')
    refuse(
      `a range of ports begins with a number, and port is the name "${port}"`,
      'leave endPort out, or give port as a number',
    );
  else if (endPort < port)
    refuse(`endPort ${endPort} is smaller than port ${port}`, 'endPort is the last port of the range, at least port');
}

function checkPeer({ podSelector, namespaceSelector, ipBlock }: PeerObject, at: At, diagnostics: Diagnostics): void {
  if (podSelector) checkSelector(podSelector, (path, part) => at(['podSelector', ...path], part), diagnostics);
  if (namespaceSelector)
    checkSelector(namespaceSelector, (path, part) => at(['namespaceSelector', ...path], part), diagnostics);
  if (!podSelector && !namespaceSelector && !ipBlock)
    diagnostics.error(
      'invalid-policy',
      'this peer names nobody',
      at([]),
      'add podSelector, namespaceSelector or ipBlock; podSelector: {} is every pod of the namespace',
    );
  if (ipBlock && (podSelector || namespaceSelector))
    diagnostics.error(
      'invalid-policy',
      'a peer is either an ipBlock or what selectors select',
      at(['ipBlock'], 'key'),
      'make two peers of it: each begins with "-"',
    );
  if (ipBlock) checkBlock(parseCidr(ipBlock.cidr)!, ipBlock.except ?? [], at, diagnostics);
}

/** Each exception is a strict subset. */
function checkBlock(cidr: Cidr, except: readonly string[], at: At, diagnostics: Diagnostics): void {
  for (const [index, text] of except.entries()) {
    const range = parseCidr(text)!;
    if (cidrContains(cidr, range) && range.prefix > cidr.prefix) continue;
    diagnostics.error(
      'invalid-policy',
      `${text} is no part of ${cidr.text}, so it cannot be excepted from it`,
      at(['ipBlock', 'except', index]),
      'except lists smaller ranges inside cidr',
    );
  }
}
