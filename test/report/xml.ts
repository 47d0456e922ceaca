/** A small strict reader of XML 1.0: elements, attributes, text, the five entities. Throws where a document is not well-formed. */

export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
  /** The text between the children, references replaced. */
  readonly text: string;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>';

export function parseXml(document: string): Element {
  for (const character of document) {
    if (!isAllowed(character.codePointAt(0)!))
      throw new Error(`U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')} is not allowed`);
  }
  if (!document.startsWith(DECLARATION)) throw new Error('no XML declaration');
  const reader = new Reader(document, DECLARATION.length);
  reader.skipBlanks();
  const root = reader.element();
  reader.skipBlanks();
  if (!reader.atEnd) throw new Error('something follows the root element');
  return root;
}

/** All elements of a name below another, in the order of the document. */
export function elements(root: Element, name: string): Element[] {
  return root.children.flatMap((child) => [...(child.name === name ? [child] : []), ...elements(child, name)]);
}

/** The production Char of XML 1.0. */
function isAllowed(code: number): boolean {
  if (code === 0x9 || code === 0xa || code === 0xd) return true;
  if (code < 0x20 || code === 0xfffe || code === 0xffff) return false;
  return code < 0xd800 || code > 0xdfff;
}

class Reader {
  readonly #text: string;
  #position: number;

  constructor(text: string, position: number) {
    this.#text = text;
    this.#position = position;
  }

  get atEnd(): boolean {
    return this.#position >= this.#text.length;
  }

  skipBlanks(): void {
    while (' \t\r\n'.includes(this.#text[this.#position] ?? 'x')) this.#position++;
  }

  element(): Element {
    this.#expect('<');
    const name = this.#until(' />\n');
    const attributes: Record<string, string> = {};
    for (;;) {
      this.skipBlanks();
      if (this.#accept('/>')) return { name, attributes, children: [], text: '' };
      if (this.#accept('>')) break;
      const key = this.#until('= />\n');
      if (key in attributes) throw new Error(`${name} has the attribute ${key} twice`);
      this.#expect('="');
      const value = this.#until('"');
      if (value.includes('<')) throw new Error(`a bare < in ${key}`);
      this.#expect('"');
      attributes[key] = dereference(value);
    }
    const children: Element[] = [];
    let text = '';
    while (!this.#accept(`</${name}>`)) {
      if (this.atEnd) throw new Error(`${name} is not closed`);
      if (this.#text[this.#position] === '<') children.push(this.element());
      else text += dereference(this.#until('<'));
    }
    return { name, attributes, children, text };
  }

  #accept(wanted: string): boolean {
    if (!this.#text.startsWith(wanted, this.#position)) return false;
    this.#position += wanted.length;
    return true;
  }

  #expect(wanted: string): void {
    if (!this.#accept(wanted)) throw new Error(`${wanted} expected at ${this.#position}`);
  }

  #until(stops: string): string {
    const start = this.#position;
    while (!this.atEnd && !stops.includes(this.#text[this.#position]!)) this.#position++;
    if (this.#position === start && stops !== '"') throw new Error(`nothing at ${start}`);
    return this.#text.slice(start, this.#position);
  }
}

function dereference(text: string): string {
  if (text.includes(']]>')) throw new Error(']]> in text');
  const [first = '', ...rest] = text.split('&');
  return rest.reduce((sofar, part) => {
    const end = part.indexOf(';');
    const character = ENTITIES[part.slice(0, end)];
    if (character === undefined) throw new Error(`& begins no reference: &${part.slice(0, 10)}`);
    return sofar + character + part.slice(end + 1);
  }, first);
}
