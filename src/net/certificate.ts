/** X.509 certificates, as far as others than their owner see them. */

/** Whom one is for: its common name first, then the alternative ones. */
export function namesIn({
  subject = '',
  subjectAltName = '',
}: {
  readonly subject?: string | undefined;
  readonly subjectAltName?: string | undefined;
}): string[] {
  const common = /^CN=(.*)$/m.exec(subject)?.[1];
  const others = [...subjectAltName.matchAll(/DNS:([^,\s]+)/g)].map((match) => match[1]!);
  return [...new Set([...(common === undefined ? [] : [common]), ...others])];
}
