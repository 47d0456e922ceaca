/**
 * A URL as destination: `http://hwa.example.com/path@node1`. What stands after `@` is where the name leads for the sender, as
 * `curl --connect-to` has it: a node, or anything that has an address. A name that is an address leads there by itself.
 */
import { familyOf } from '../net/address.ts';
import type { HttpRequest } from './check.ts';

export interface Url extends HttpRequest {
  readonly port: number;
  /** The name, without brackets when it is an IPv6 address. */
  readonly name: string;
  /** What was written after `@`. */
  readonly at?: string;
}

/** Undefined for what is none. */
export function parseUrl(text: string): Url | undefined {
  const match =
    /^(?<scheme>https?):\/\/(?<host>\[[0-9a-fA-F:.]+\]|[^/:?#@[\]\s]+)(?::(?<port>\d{1,5}))?(?<path>\/[^\s#@]*|)(?:@(?<at>\S+))?$/.exec(
      text,
    );
  const { scheme, host = '', port, path, at } = match?.groups ?? {};
  if (scheme !== 'http' && scheme !== 'https') return undefined;
  const usual = scheme === 'http' ? 80 : 443;
  const number = port === undefined ? usual : Number(port);
  const name = host.replace(/^\[|\]$/g, '');
  const isName = familyOf(name) !== undefined || /^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_.])?$/.test(name);
  if (!isName || number < 1 || number > 65_535) return undefined;
  return {
    scheme,
    host: number === usual ? host : `${host}:${number}`,
    path: path || '/',
    port: number,
    name,
    ...(at !== undefined && { at }),
  };
}

/** Without where it leads. */
export function formatUrl({ scheme, host, path }: HttpRequest): string {
  return `${scheme}://${host}${path}`;
}
