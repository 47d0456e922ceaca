/** The order of a plan: everything exists before something needs it, and everything of the state is made once. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { KernelState } from '../../src/compile/index.ts';
import { type Operation, plan } from '../../src/plan/index.ts';
import { stateOfFile } from '../compile/state.ts';

const FOLDER = 'topologies';
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));

type Of<K extends Operation['kind']> = Extract<Operation, { kind: K }>;

function operationsOf<K extends Operation['kind']>(state: KernelState, kind: K): Of<K>[] {
  return plan(state).operations.filter((operation): operation is Of<K> => operation.kind === kind);
}

describe.each(files)('the plan of %s', (file) => {
  const state = stateOfFile(`${FOLDER}/${file}`);
  const { operations } = plan(state);
  const count = (kind: Operation['kind']) => operations.filter((operation) => operation.kind === kind).length;
  const all = <T>(pick: (namespace: KernelState['namespaces'][number]) => readonly T[]) =>
    state.namespaces.flatMap(pick);

  it('makes everything once', () => {
    const links = all((namespace) => namespace.links);
    expect({
      namespaces: count('add-namespace'),
      sysctls: count('set-sysctl'),
      links: count('add-link') + count('add-tun'),
      addresses: count('add-address'),
      routes: count('add-route'),
      neighbours: count('add-neighbour'),
      fdb: count('add-fdb'),
      rules: count('load-rules'),
      hairpins: count('set-port'),
    }).toEqual({
      namespaces: state.namespaces.length,
      sysctls:
        all(({ sysctls }) => sysctls).length + links.flatMap(({ settings = {} }) => Object.keys(settings)).length,
      links: links.filter((link) => link.kind !== 'veth' || link.creates).length,
      addresses: all(({ addresses }) => addresses).length,
      routes: all(({ routes }) => routes).length,
      neighbours: all(({ neighbours }) => neighbours).length,
      fdb: all(({ fdb }) => fdb).length,
      rules: all(({ iptables, ip6tables, ipsets, nft, ipvs }) =>
        [iptables ? [iptables] : [], ip6tables ? [ip6tables] : [], ipsets, nft, ipvs].filter(notEmpty),
      ).length,
      hairpins: links.filter(({ hairpin }) => hairpin).length,
    });
  });

  it('removes nothing', () => {
    expect(operations.filter(({ kind }) => kind.startsWith('delete-'))).toEqual([]);
  });

  it('has every namespace and link before what is done in or to it', () => {
    const made = new Set<string>();
    const needs = (what: string, operation: Operation) => {
      if (!made.has(what)) throw new Error(`${operation.kind} comes before ${what}`);
    };
    for (const operation of operations) {
      const { kind, namespace } = operation;
      if (kind === 'add-namespace') {
        made.add(namespace).add(`${namespace} lo`);
        continue;
      }
      needs(namespace, operation);
      const link = (name: string) => `${namespace} ${name}`;
      if (kind === 'add-link') {
        made.add(link(operation.link.name));
        if (operation.link.kind === 'vxlan') needs(link(operation.link.device), operation);
        if (operation.link.kind !== 'veth') continue;
        needs(operation.link.peer.namespace, operation);
        made.add(`${operation.link.peer.namespace} ${operation.link.peer.name}`);
      } else if (kind === 'add-tun') {
        made.add(link(operation.name));
      } else if (kind === 'set-link') {
        needs(link(operation.change.name), operation);
        if (operation.change.master) needs(link(operation.change.master), operation);
      } else if (kind === 'set-port') needs(link(operation.name), operation);
      else if (kind === 'set-sysctl') {
        const device = /^net\.ipv4\.(?:conf|neigh)\.(.+)\.[a-z_]+$/.exec(operation.sysctl.key)?.[1];
        if (device !== undefined && device !== 'all' && device !== 'default') needs(link(device), operation);
      } else if (kind === 'add-address') needs(link(operation.address.device), operation);
      else if (kind === 'add-route') {
        if (operation.route.device !== undefined) needs(link(operation.route.device), operation);
      } else if (kind === 'add-neighbour') needs(link(operation.neighbour.device), operation);
      else if (kind === 'add-fdb') needs(link(operation.entry.device), operation);
    }
    expect(made.size).toBeGreaterThan(2);
  });
});

const notEmpty = ({ length }: { readonly length: number }) => length > 0;

describe('a plan', () => {
  const state = stateOfFile(`${FOLDER}/nodeport-snat.yaml`);
  const { operations } = plan(state);
  const first = (pick: (operation: Operation) => boolean) => operations.findIndex(pick);
  const last = (pick: (operation: Operation) => boolean) => operations.findLastIndex(pick);
  const isUp = (operation: Operation) =>
    operation.kind === 'set-link' && operation.change.name !== 'lo' && operation.change.up === true;

  it('sets sysctls before devices copy them', () => {
    expect(last(({ kind }) => kind === 'set-sysctl')).toBeLessThan(first(({ kind }) => kind === 'add-link'));
  });

  it('silences a link before it comes up', () => {
    const quiet = last((operation) => operation.kind === 'set-link' && operation.change.quiet === true);
    expect(quiet).toBeGreaterThan(0);
    expect(quiet).toBeLessThan(first(isUp));
  });

  it('gives addresses before links come up, and routes only then', () => {
    expect(last(({ kind }) => kind === 'add-address')).toBeLessThan(first(isUp));
    expect(last(isUp)).toBeLessThan(first(({ kind }) => kind === 'add-route'));
  });

  it('loads rules before links are made, so that it can be done meanwhile', () => {
    const rules = last(({ kind }) => kind === 'load-rules');
    expect(rules).toBeGreaterThan(0);
    expect(rules).toBeLessThan(first(({ kind }) => kind === 'add-link'));
  });

  it('takes links up before they join their bridges', () => {
    const joins = (operation: Operation) => operation.kind === 'set-link' && operation.change.master !== undefined;
    expect(last(isUp)).toBeLessThan(first(joins));
  });

  it('makes a cable from one end, with what the other end has', () => {
    const cable = operationsOf(state, 'add-link').find(({ namespace }) => namespace === 'host.client')!;
    expect(cable.link).toEqual({
      kind: 'veth',
      name: 'eth0',
      mtu: 1500,
      mac: '02:00:0a:00:00:64',
      peer: { namespace: 'network.lan', name: 'client', mtu: 1500, mac: '02:01:0a:00:00:64' },
    });
  });

  it('leaves a link down that is to be down', () => {
    const down: KernelState = {
      namespaces: state.namespaces.map((namespace) => ({
        ...namespace,
        links: namespace.links.map((link) => (link.name === 'client' ? { ...link, up: false } : link)),
      })),
    };
    const changes = operationsOf(down, 'set-link').filter(({ change }) => change.name === 'client');
    expect(changes.map(({ change }) => change)).toEqual([
      { name: 'client', quiet: true },
      { name: 'client', master: 'br0' },
    ]);
  });
});
