/** What `nft list table` shows, and what a table of ours would be shown as: nft has spellings of its own. */
import type { NftTable } from '../../src/compile/nft.ts';

export interface ListedTable {
  /** Rules by chain. */
  readonly chains: Readonly<Record<string, readonly string[]>>;
  /** `type`, `flags` and `timeout` by set or map, and its elements in alphabetical order. */
  readonly sets: Readonly<
    Record<string, { readonly definition: readonly string[]; readonly elements: readonly string[] }>
  >;
}

export function readListing(text: string): ListedTable {
  const chains: Record<string, string[]> = {};
  const sets: Record<string, ListedTable['sets'][string]> = {};
  for (const [, kind, name = '', body = ''] of text.matchAll(/^\t(chain|set|map) (\S+) \{\n([\s\S]*?)\n?^\t\}/gm)) {
    const lines = body
      .replace(/,\n\s*/g, ', ')
      .split('\n')
      .map((line) => line.trim());
    const kept = lines.filter((line) => line !== '' && !/^(comment|size) /.test(line));
    if (kind === 'chain') chains[name] = kept.filter((line) => !line.startsWith('type ')).map(plain);
    else {
      const elements = kept.flatMap((line) => /^elements = \{ (.*) \}$/.exec(line)?.[1]?.split(', ') ?? []);
      const definition = kept.filter((line) => !line.startsWith('elements = '));
      sets[name] = {
        definition,
        elements: elements.map(alive).sort(),
      };
    }
  }
  return { chains, sets };
}

export function listingOf({ chains, sets }: NftTable): ListedTable {
  return {
    chains: Object.fromEntries(chains.map(({ name, rules }) => [name, rules.map(({ text }) => plain(text))])),
    sets: Object.fromEntries(
      sets.map(({ name, type, flags, timeout, elements }) => [
        name,
        {
          definition: [
            `type ${type}`,
            ...(flags ? [`flags ${flags}`] : []),
            ...(timeout ? [`timeout ${inWords(timeout)}`] : []),
          ],
          elements: [...elements].sort(),
        },
      ]),
    ),
  };
}

/** One spelling for both: operators in words, no quotes around devices, no braces around one range. */
function plain(rule: string): string {
  return rule
    .replaceAll('meta mark', 'mark')
    .replace(/ \| /, ' or ')
    .replace(/ \^ /, ' xor ')
    .replace(/ & (\S+) == 0x0+ /, ' and $1 == 0 ')
    .replaceAll(' , ', ', ')
    .replace(/(iifname (?:!= )?)"([^"]*)"/, '$1$2')
    .replace(/\{ ([^{}:,@ ]+) \}/, '$1');
}

/** Elements the kernel added have a rest of their time. */
function alive(element: string): string {
  return element.replace(/ (timeout|expires) \S+/g, '');
}

/** `10800s` is shown as `3h`. */
function inWords(seconds: string): string {
  const total = Number.parseInt(seconds, 10);
  const parts = [
    [Math.floor(total / 86_400), 'd'],
    [Math.floor(total / 3600) % 24, 'h'],
    [Math.floor(total / 60) % 60, 'm'],
    [total % 60, 's'],
  ];
  return parts.flatMap(([count, unit]) => (count === 0 ? [] : [`${count}${unit}`])).join('');
}
