/** Where a text stops being JSON. */
import { expect, it } from 'vitest';
import { jsonErrorAt } from '../../src/parse/json.ts';

it.each(['{}', '[]', ' {"a": [1, -2.5e3, true, false, null, "\\u00e4\\n"], "b": {}} ', '"x"'])('%s is', (text) => {
  expect(jsonErrorAt(text)).toBeUndefined();
});

/** The offset is that of ¶. */
it.each([
  ['{"a": 1 ¶"b": 2}', 'a comma is missing'],
  ['{"a": 1, ¶}', 'a comma too many'],
  ['{"a": [1, 2, ¶]}', 'in a list as well'],
  ['{¶a: 1}', 'a key without quotes'],
  ['{"a": ¶yes}', 'a word of YAML'],
  ["{¶'a': 1}", 'single quotes'],
  ['{"a": 1} ¶// note', 'a comment'],
  ['¶name: mynet', 'YAML'],
  ['{"a": ¶012}', 'an octal number'],
  ['{"a": {"b": 1}¶', 'an end too early'],
  ['{"a"¶', 'in the middle of a member'],
  ['¶', 'nothing'],
  ['{} ¶{}', 'two values'],
  ['{"a": ¶"x\n"}', 'a line break in a string'],
])('%j ends at ¶: %s', (marked) => {
  const text = marked.replace('¶', '');
  const at = jsonErrorAt(text)!;
  expect(`${text.slice(0, at)}¶${text.slice(at)}`).toBe(marked);
});

it('does not follow what is nested without end', () => {
  expect(jsonErrorAt('['.repeat(100_000))).toBe(100);
});
