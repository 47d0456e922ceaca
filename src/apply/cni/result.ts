/** What a plugin prints (CNI specification, section 5): a result, the versions it speaks, or an error. */

/** Of a result what is looked at here; the rest is passed on as it is. */
export interface PluginResult {
  readonly ips?: readonly { readonly address: string }[];
  readonly [field: string]: unknown;
}

export interface PluginError {
  readonly code: number;
  readonly msg: string;
  readonly details?: string;
}

/** Undefined when it is no JSON object, or has addresses in another form. */
export function resultIn(text: string): PluginResult | undefined {
  const value = objectIn(text);
  if (!value) return undefined;
  const { ips = [] } = value;
  const isList = Array.isArray(ips) && ips.every((ip) => typeof (ip as { address?: unknown })?.address === 'string');
  return isList ? value : undefined;
}

export function versionsIn(text: string): readonly string[] | undefined {
  const versions = objectIn(text)?.supportedVersions;
  return Array.isArray(versions) && versions.every((version) => typeof version === 'string') ? versions : undefined;
}

export function errorIn(text: string): PluginError | undefined {
  const { code, msg, details } = objectIn(text) ?? {};
  if (typeof code !== 'number' || typeof msg !== 'string') return undefined;
  return { code, msg, ...(typeof details === 'string' && details !== '' && { details }) };
}

/** The well-known codes in words. */
const MEANINGS: Record<number, string> = {
  1: 'it does not speak this version of CNI',
  2: 'it does not know a field of its configuration',
  3: 'it does not know the container',
  4: 'a variable of its environment is missing or wrong',
  5: 'it could not read or write',
  6: 'it could not decode what it read',
  7: 'its configuration is wrong',
  11: 'it cannot do it now, and may be able to later',
  50: 'it is not ready to connect pods',
  51: 'it is not ready to connect pods, and those there are may have lost their connection',
};
/** From here on codes are the plugins' own. */
const OWN_CODES = 100;

export function describeError({ code, msg, details }: PluginError): string {
  const meaning = MEANINGS[code] ?? (code >= OWN_CODES ? "the plugin's own" : 'not a code of the specification');
  return `error ${code}, ${meaning}: ${[msg, details].filter(Boolean).join('; ')}`;
}

const EXCERPT = 200;

/** What was printed instead, on one line. */
export function excerptOf(text: string): string {
  const line = text.trim().replace(/[\s\p{Cc}]+/gu, ' ');
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line;
}

function objectIn(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
