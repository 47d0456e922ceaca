/** JSON as RFC 8259 has it, for files that other programs have to read as well: nothing of what YAML allows besides. */

/** No configuration is nested as deeply as that; what is, is refused there. */
const MAX_DEPTH = 100;

const TOKEN =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a string of JSON may have none
  /\s*(?:("(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*")|((?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.]))|([{}[\]:,]))/y;

/** The offset of the first character that cannot stand where it does; undefined when the text is JSON. */
export function jsonErrorAt(text: string): number | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    const reader = new Reader(text);
    reader.value();
    if (reader.failedAt === undefined) reader.end();
    return reader.failedAt;
  }
}

class Reader {
  failedAt: number | undefined;
  readonly #text: string;
  #offset = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  value(): void {
    const token = this.#next();
    this.#depth++;
    if (token === undefined || /^[}\]:,]$/.test(token) || this.#depth > MAX_DEPTH) this.#fail(token);
    else if (token === '{') this.#items('}', () => this.#member());
    else if (token === '[') this.#items(']', () => this.value());
    this.#depth--;
  }

  end(): void {
    if (this.#text.slice(this.#offset).trim() !== '') this.#fail(this.#next());
  }

  #member(): void {
    const key = this.#next();
    const colon = key?.startsWith('"') ? this.#next() : undefined;
    if (!key?.startsWith('"')) this.#fail(key);
    else if (colon !== ':') this.#fail(colon);
    else this.value();
  }

  #items(close: string, item: () => void): void {
    const start = this.#offset;
    if (this.#next() === close) return;
    this.#offset = start;
    let token: string | undefined = ',';
    while (token === ',') {
      item();
      if (this.failedAt !== undefined) return;
      token = this.#next();
    }
    if (token !== close) this.#fail(token);
  }

  #next(): string | undefined {
    TOKEN.lastIndex = this.#offset;
    const match = TOKEN.exec(this.#text);
    if (match) this.#offset = TOKEN.lastIndex;
    return match?.slice(1).find((part) => part !== undefined);
  }

  /** At the token that was read, or at what is none. */
  #fail(token: string | undefined): void {
    const rest = this.#text.slice(this.#offset);
    this.failedAt ??=
      token === undefined ? this.#offset + (rest.length - rest.trimStart().length) : this.#offset - token.length;
  }
}
