/** The certificates in Secrets, as ingress-nginx reads them (internal/ingress/controller/store/backend_ssl.go, internal/net/ssl). */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Position } from '../../diagnostic.ts';
import { namesIn } from '../../net/certificate.ts';
import type { Manifest, ManifestOf } from '../../parse/index.ts';
import { TLS_KEYS } from '../../parse/schema/ingress.ts';
import { ofKind } from '../defaults.ts';

export interface Certificate {
  /** PEM, as nginx reads them. */
  readonly chain: string;
  readonly key: string;
  /** Its common name and its alternative ones. */
  readonly names: readonly string[];
}

type Found =
  | { readonly is: 'certificate'; readonly certificate: Certificate }
  | { readonly is: 'none'; readonly problem: string; readonly at: Position };

/** By `NAMESPACE/NAME` of the Secret. */
export function certificatesOf(manifests: readonly Manifest[], namespace: string): ReadonlyMap<string, Found> {
  return new Map(
    ofKind(manifests, 'Secret').map((secret) => {
      const { metadata } = secret.object;
      return [`${metadata.namespace ?? namespace}/${metadata.name}`, certificateIn(secret)];
    }),
  );
}

/** Whether it is for this host, or for all hosts with one label more (RFC 6125 6.4.3). */
export function isFor({ names }: Certificate, host: string): boolean {
  const rest = host.slice(host.indexOf('.') + 1);
  return names.some((name) => name === host || (name.startsWith('*.') && name.slice(2) === rest));
}

function certificateIn(secret: ManifestOf<'Secret'>): Found {
  const [chain, key] = TLS_KEYS.map((field) => fieldOf(secret, field));
  const none = (problem: string, at: Position): Found => ({ is: 'none', problem, at });
  if (!chain || !key)
    return none(
      `Secret ${secret.object.metadata.name} has no ${chain ? 'tls.key' : 'tls.crt'}`,
      secret.locate(['metadata', 'name']),
    );
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(chain.text);
  } catch {
    return none('tls.crt is not a certificate: it must be X.509 in PEM', chain.at);
  }
  try {
    if (!certificate.checkPrivateKey(createPrivateKey(key.text)))
      return none('tls.key is not the key of tls.crt', key.at);
  } catch {
    return none('tls.key is not a private key: it must be PEM', key.at);
  }
  return { is: 'certificate', certificate: { chain: chain.text, key: key.text, names: namesIn(certificate) } };
}

/** Of `stringData` and `data`, the former counts. */
function fieldOf({ object, locate }: ManifestOf<'Secret'>, field: string): { text: string; at: Position } | undefined {
  const plain = object.stringData?.[field];
  if (plain !== undefined) return { text: plain, at: locate(['stringData', field]) };
  const encoded = object.data?.[field];
  return encoded === undefined
    ? undefined
    : { text: Buffer.from(encoded, 'base64').toString(), at: locate(['data', field]) };
}
