/** An iptables ruleset as the text iptables-restore reads. */
import { describe, expect, it } from 'vitest';
import { formatIptables, IptablesBuilder } from '../../src/compile/iptables.ts';

const ORIGIN = { file: 'lab.yaml', line: 1 };

describe('a ruleset', () => {
  it('without rules is no text', () => {
    expect(new IptablesBuilder().build()).toEqual({ tables: [] });
    expect(formatIptables({ tables: [] })).toBe('');
  });

  it('names the chains of each table, the built-in ones with their policy, then the rules chain by chain', () => {
    const builder = new IptablesBuilder();
    builder.append('nat', 'MINE', '-j RETURN', ORIGIN);
    builder.append('filter', 'INPUT', '-j DROP', ORIGIN);
    builder.append('nat', 'PREROUTING', '-j MINE', ORIGIN);
    builder.chain('nat', 'EMPTY');
    expect(formatIptables(builder.build())).toBe(
      [
        '*nat',
        ':PREROUTING ACCEPT [0:0]',
        ':INPUT ACCEPT [0:0]',
        ':OUTPUT ACCEPT [0:0]',
        ':POSTROUTING ACCEPT [0:0]',
        ':MINE - [0:0]',
        ':EMPTY - [0:0]',
        '-A PREROUTING -j MINE',
        '-A MINE -j RETURN',
        'COMMIT',
        '*filter',
        ':INPUT ACCEPT [0:0]',
        ':FORWARD ACCEPT [0:0]',
        ':OUTPUT ACCEPT [0:0]',
        '-A INPUT -j DROP',
        'COMMIT',
        '',
      ].join('\n'),
    );
  });

  it('has its tables in the order packets meet them, whoever writes first', () => {
    const builder = new IptablesBuilder();
    for (const table of ['filter', 'nat', 'mangle', 'raw'] as const) builder.chain(table, 'X');
    expect(builder.build().tables.map(({ name }) => name)).toEqual(['raw', 'mangle', 'nat', 'filter']);
  });
});

describe('a rule', () => {
  const rules = (write: (builder: IptablesBuilder) => void) => {
    const builder = new IptablesBuilder();
    write(builder);
    return builder
      .build()
      .tables[0]!.chains.find(({ name }) => name === 'INPUT')!
      .rules.map(({ text }) => text);
  };

  it('that is ensured stands once, where it stood first', () => {
    const found = rules((builder) => {
      builder.append('filter', 'INPUT', 'a', ORIGIN);
      builder.append('filter', 'INPUT', 'b', ORIGIN);
      builder.ensure('prepend', 'filter', 'INPUT', 'b', ORIGIN);
      builder.ensure('append', 'filter', 'INPUT', 'a', ORIGIN);
    });
    expect(found).toEqual(['a', 'b']);
  });

  it('that is ensured stands at the end that is asked for', () => {
    const found = rules((builder) => {
      builder.append('filter', 'INPUT', 'a', ORIGIN);
      builder.ensure('prepend', 'filter', 'INPUT', 'first', ORIGIN);
      builder.ensure('append', 'filter', 'INPUT', 'last', ORIGIN);
    });
    expect(found).toEqual(['first', 'a', 'last']);
  });

  it('that is appended stands as often as it is', () => {
    const found = rules((builder) => {
      builder.append('filter', 'INPUT', 'a', ORIGIN);
      builder.append('filter', 'INPUT', 'a', ORIGIN);
    });
    expect(found).toEqual(['a', 'a']);
  });
});
