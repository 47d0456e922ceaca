/** Tables of nftables as the commands that make them, and as those that turn one into another. */
import { describe, expect, it } from 'vitest';
import { changeNft, formatNft, type NftTable } from '../../src/compile/nft.ts';
import { NftTableBuilder } from '../../src/compile/nft-builder.ts';
import { yaml } from '../parse/yaml-text.ts';

const ORIGIN = { file: 'lab.yaml', line: 1 };
const MAP = { kind: 'map', name: 'portals', type: 'ipv4_addr . inet_service : verdict', origin: ORIGIN } as const;
const STICKY = {
  kind: 'set',
  name: 'sticky',
  type: 'ipv4_addr',
  flags: 'dynamic,timeout',
  timeout: '60s',
  origin: ORIGIN,
} as const;

/** A dispatching map, a chain for one Service, and whatever else. */
function table(more: (builder: NftTableBuilder) => void = () => {}): NftTable {
  const builder = new NftTableBuilder({ family: 'ip', name: 't', comment: 'rules for a test' });
  builder.chain('prerouting', { hook: 'type nat hook prerouting priority -100' });
  builder.set(MAP);
  builder.rule('prerouting', 'ip daddr . th dport vmap @portals', ORIGIN);
  builder.chain('refuse', { comment: 'says no' });
  builder.rule('refuse', 'reject', ORIGIN);
  more(builder);
  return builder.build();
}

function withService(name: string, target: string, value = `goto ${name}`) {
  return (builder: NftTableBuilder) => {
    builder.rule(name, `dnat to ${target}`, ORIGIN);
    builder.element('portals', { key: '10.96.0.1 . 80', comment: name, value });
  };
}

function changes(from: readonly NftTable[], to: readonly NftTable[]): string[] {
  return changeNft(from, to).split('\n').filter(Boolean);
}

describe('a table', () => {
  it('is made in an order in which nothing is named before it is there', () => {
    expect(formatNft([table(withService('web', '10.244.1.2:80'))])).toBe(yaml`
      add table ip t { comment "rules for a test" ; }
      add chain ip t prerouting { type nat hook prerouting priority -100 ; }
      add chain ip t refuse { comment "says no" ; }
      add chain ip t web
      add map ip t portals { type ipv4_addr . inet_service : verdict ; }
      add rule ip t prerouting ip daddr . th dport vmap @portals
      add rule ip t refuse reject
      add rule ip t web dnat to 10.244.1.2:80
      add element ip t portals { 10.96.0.1 . 80 comment "web" : goto web }
    `);
  });

  it('says what sets are beyond their type', () => {
    expect(formatNft([table((builder) => builder.set(STICKY))])).toContain(
      'add set ip t sticky { type ipv4_addr ; flags dynamic,timeout ; timeout 60s ; }\n',
    );
  });

  it('is nothing when there is none', () => {
    expect(formatNft([])).toBe('');
  });
});

describe('what is collected', () => {
  it('has a chain, a set and a key once: the first stays', () => {
    const twice = table((builder) => {
      withService('web', '10.244.1.2:80')(builder);
      builder.chain('refuse', { comment: 'another' });
      builder.set({ ...MAP, type: 'inet_service' });
      builder.element('portals', { key: '10.96.0.1 . 80', value: 'goto refuse' });
    });
    expect(formatNft([twice])).toBe(formatNft([table(withService('web', '10.244.1.2:80'))]));
  });
});

describe('from one table to another', () => {
  const web = table(withService('web', '10.244.1.2:80'));

  it('nothing is done where nothing changed', () => {
    expect(changes([web], [table(withService('web', '10.244.1.2:80'))])).toEqual([]);
  });

  it('a Service that comes has its chain before the element that leads to it', () => {
    expect(changes([table()], [web])).toEqual([
      'add chain ip t web',
      'add rule ip t web dnat to 10.244.1.2:80',
      'add element ip t portals { 10.96.0.1 . 80 comment "web" : goto web }',
    ]);
  });

  it('one that goes loses the element first, and the chain last', () => {
    expect(changes([web], [table()])).toEqual([
      'flush chain ip t web',
      'delete element ip t portals { 10.96.0.1 . 80 }',
      'delete chain ip t web',
    ]);
  });

  it('rules that change are written anew, those of the other chains stay', () => {
    expect(changes([web], [table(withService('web', '10.244.2.2:80'))])).toEqual([
      'flush chain ip t web',
      'add rule ip t web dnat to 10.244.2.2:80',
    ]);
  });

  it('an element that leads elsewhere is another one', () => {
    expect(changes([web], [table(withService('web', '10.244.1.2:80', 'goto refuse'))])).toEqual([
      'delete element ip t portals { 10.96.0.1 . 80 }',
      'add element ip t portals { 10.96.0.1 . 80 comment "web" : goto refuse }',
    ]);
  });

  it('a set that becomes another is made anew, after the rules that name it are gone', () => {
    const sticky = (timeout: string) =>
      table((builder) => {
        builder.set({ ...STICKY, timeout });
        builder.rule('refuse', 'ip saddr @sticky accept', ORIGIN);
        builder.rule('sticky-er', 'update @sticky { ip saddr }', ORIGIN);
      });
    expect(changes([sticky('60s')], [sticky('90s')])).toEqual([
      'flush chain ip t refuse',
      'flush chain ip t sticky-er',
      'delete set ip t sticky',
      'add set ip t sticky { type ipv4_addr ; flags dynamic,timeout ; timeout 90s ; }',
      'add rule ip t refuse reject',
      'add rule ip t refuse ip saddr @sticky accept',
      'add rule ip t sticky-er update @sticky { ip saddr }',
    ]);
  });

  it('a table that is no longer wanted goes whole', () => {
    expect(changes([web], [])).toEqual(['delete table ip t']);
    expect(changes([], [web])).toEqual(formatNft([web]).split('\n').filter(Boolean));
  });
});
