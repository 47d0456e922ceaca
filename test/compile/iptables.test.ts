/** An iptables ruleset as the text iptables-restore reads. */
import { describe, expect, it } from 'vitest';
import { changeIptables, formatIptables, IptablesBuilder } from '../../src/compile/iptables.ts';

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

describe('a change', () => {
  const nat = (write: (builder: IptablesBuilder) => void) => {
    const builder = new IptablesBuilder();
    builder.append('nat', 'PREROUTING', '-j A', ORIGIN);
    builder.append('nat', 'A', '-j B', ORIGIN);
    builder.append('nat', 'B', '-j RETURN', ORIGIN);
    write(builder);
    return builder.build();
  };
  const before = nat(() => {});

  it('to the same is no text', () => {
    expect(
      changeIptables(
        before,
        nat(() => {}),
      ),
    ).toBe('');
  });

  it('of one chain declares it, which empties it, and leaves the others alone', () => {
    const after = nat((builder) => builder.append('nat', 'B', '-j ACCEPT', ORIGIN));
    expect(changeIptables(before, after)).toBe('*nat\n:B - [0:0]\n-A B -j RETURN\n-A B -j ACCEPT\nCOMMIT\n');
  });

  it('of a built-in chain empties it by itself', () => {
    const after = nat((builder) => builder.append('nat', 'PREROUTING', '-j B', ORIGIN));
    expect(changeIptables(before, after)).toBe(
      '*nat\n:PREROUTING ACCEPT [0:0]\n-F PREROUTING\n-A PREROUTING -j A\n-A PREROUTING -j B\nCOMMIT\n',
    );
  });

  it('empties a chain that goes before it goes, as others that go may lead to it', () => {
    const after = nat(() => {});
    const more = nat((builder) => {
      builder.append('nat', 'A', '-j C', ORIGIN);
      builder.append('nat', 'C', '-j D', ORIGIN);
      builder.append('nat', 'D', '-j RETURN', ORIGIN);
    });
    expect(changeIptables(more, after)).toBe(
      '*nat\n:A - [0:0]\n:C - [0:0]\n:D - [0:0]\n-A A -j B\n-X C\n-X D\nCOMMIT\n',
    );
  });

  it('of a policy says it', () => {
    const after = nat((builder) => builder.dropByDefault('nat', 'OUTPUT'));
    expect(changeIptables(before, after)).toBe('*nat\n:OUTPUT DROP [0:0]\nCOMMIT\n');
    expect(changeIptables(after, before)).toBe('*nat\n:OUTPUT ACCEPT [0:0]\nCOMMIT\n');
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
