/** The annotations of an Ingress that change where its requests go (ingress-nginx internal/ingress/annotations/rewrite). */
import type { Diagnostics } from '../../diagnostic.ts';
import type { ManifestOf } from '../../parse/index.ts';

export interface AnnotationsOfIngress {
  /** What the path becomes; `$1` is what the path's first group matched. */
  readonly rewriteTarget?: string;
  /** Paths are regular expressions. */
  readonly useRegex: boolean;
  /** Plain requests for hosts that have a certificate are sent to https, or those for all hosts. */
  readonly sslRedirect: boolean;
  readonly forceSslRedirect: boolean;
  readonly preserveTrailingSlash: boolean;
}

const PREFIX = 'nginx.ingress.kubernetes.io/';
const KNOWN = ['rewrite-target', 'use-regex', 'ssl-redirect', 'force-ssl-redirect', 'preserve-trailing-slash'];

export function annotationsOf(
  { object, locate }: ManifestOf<'Ingress'>,
  diagnostics: Diagnostics,
): AnnotationsOfIngress {
  const given = object.metadata.annotations ?? {};
  const at = (name: string) => locate(['metadata', 'annotations', PREFIX + name]);
  for (const name of Object.keys(given)) {
    if (!name.startsWith(PREFIX) || KNOWN.includes(name.slice(PREFIX.length))) continue;
    const own = name.slice(PREFIX.length);
    diagnostics.warn('not-emulated', `the annotation ${name} is ignored`, at(own), `known here: ${KNOWN.join(', ')}`);
  }
  const flag = (name: string, fallback: boolean) => {
    const text = given[PREFIX + name];
    if (text === undefined) return fallback;
    if (!/^(true|false)$/.test(text))
      diagnostics.error('invalid-value', `${PREFIX}${name} cannot be "${text}"`, at(name), 'allowed: "true", "false"');
    return text === 'true';
  };
  const target = given[`${PREFIX}rewrite-target`];
  /** parser/validators.go, RegexPathWithCapture: what else there is would be configuration of nginx. */
  if (target !== undefined && !/^\/?[-._~a-zA-Z0-9/:$]*$/.test(target))
    diagnostics.error(
      'invalid-value',
      `${PREFIX}rewrite-target cannot be "${target}"`,
      at('rewrite-target'),
      "it is a path with groups of the path's regular expression, such as /$2",
    );
  return {
    ...(target && { rewriteTarget: target }),
    useRegex: flag('use-regex', false),
    sslRedirect: flag('ssl-redirect', true),
    forceSslRedirect: flag('force-ssl-redirect', false),
    preserveTrailingSlash: flag('preserve-trailing-slash', false),
  };
}
