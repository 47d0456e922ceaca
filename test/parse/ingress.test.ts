/** What the API server refuses in Ingresses, IngressClasses and Secrets is refused here, at its field. */
import { describe, expect, it } from 'vitest';
import { read } from './read.ts';

/** The fields of an Ingress of one rule; `path` is of one line. */
function ingress(spec: string): string {
  return `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: a }\nspec: ${spec}\n`;
}

const BACKEND = 'backend: { service: { name: web, port: { number: 80 } } }';
const rule = (host: string) => ingress(`{ rules: [{ host: ${host} }] }`);
const path = (fields: string) => ingress(`{ rules: [{ http: { paths: [{ ${fields} }] } }] }`);
const backend = (text: string) => path(`path: /, pathType: Prefix, backend: ${text}`);
const prefix = (text: string) => path(`path: ${text}, pathType: Prefix, ${BACKEND}`);

function messages(text: string): string[] {
  return read(text).diagnostics.map(({ message }) => message);
}

describe('an Ingress is taken with', () => {
  it.each([
    ['a name', rule('foo.bar.com')],
    ['a wildcard', rule('"*.foo.com"')],
    ['an empty host', rule('""')],
    ['no host', ingress('{ rules: [{}] }')],
    ['a default backend only', ingress('{ defaultBackend: { service: { name: web, port: { name: http } } } }')],
    ['no path where the type allows it', path(`pathType: ImplementationSpecific, ${BACKEND}`)],
    ['a resource', backend('{ resource: { kind: Bucket, name: b } }')],
    ['TLS without a Secret', ingress('{ rules: [{}], tls: [{ hosts: [a.b] }, { secretName: "" }] }')],
  ])('%s', (_, text) => {
    expect(messages(text)).toEqual([]);
  });
});

describe('an Ingress is refused with', () => {
  const host = 'spec.rules[0].host must be';
  const at = 'spec.rules[0].http.paths[0]';
  it.each([
    ['neither rules nor a default backend', ingress('{}'), 'spec must have rules or a defaultBackend, not {}'],
    [
      'an address for a host',
      rule('10.0.0.1'),
      `${host} a DNS name, no IP address: leave it out to match every host, not "10.0.0.1"`,
    ],
    [
      'a port',
      rule('"foo.com:80"'),
      `${host} a host without a port: an Ingress is about ports 80 and 443, not "foo.com:80"`,
    ],
    [
      'a wildcard of two labels',
      rule('"*.*.com"'),
      `${host} "*." and a DNS name: * stands for the whole first label, and for no other, not "*.*.com"`,
    ],
    [
      'a wildcard for part of a label',
      rule('"a*.com"'),
      `${host} "*." and a DNS name: * stands for the whole first label, and for no other, not "a*.com"`,
    ],
    [
      'a wildcard alone',
      rule('"*"'),
      `${host} "*." and a DNS name: * stands for the whole first label, and for no other, not "*"`,
    ],
    [
      'a host in capitals',
      rule('Foo.com'),
      `${host} lower-case letters, digits, "-" and ".", as RFC 1123 has it, not "Foo.com"`,
    ],
    [
      'a rule without paths',
      ingress('{ rules: [{ http: { paths: [] } }] }'),
      'spec.rules[0].http.paths must name at least one path, not []',
    ],
    ['no pathType', path(`path: /, ${BACKEND}`), `${at}.pathType is missing`],
    ['another pathType', path(`path: /, pathType: Regex, ${BACKEND}`), `${at}.pathType cannot be "Regex"`],
    [
      'a path that is not absolute',
      prefix('foo'),
      `${at}.path must be an absolute path: it begins with "/", not "foo"`,
    ],
    ['a path with //', prefix('/a//b'), `${at}.path must not contain "//", not "/a//b"`],
    ['a path with an encoded slash', prefix('/a%2Fb'), `${at}.path must not contain "%2F", not "/a%2Fb"`],
    ['a path that goes up', prefix('/a/..'), `${at}.path must not end with "/..", not "/a/.."`],
    ['no backend', backend('{}'), `${at}.backend must name a service: { name, port: { number } }, not {}`],
    [
      'two backends',
      backend('{ service: { name: a, port: { number: 1 } }, resource: { kind: B, name: b } }'),
      /must name a service or a resource, one of them/,
    ],
    [
      'no port',
      backend('{ service: { name: a } }'),
      `${at}.backend.service.port must be a name or a number, not undefined`,
    ],
    [
      'a port by name and number',
      backend('{ service: { name: a, port: { number: 1, name: b } } }'),
      /port must be a name or a number, one of them/,
    ],
  ])('%s', (_, text, message) => {
    const found = messages(text);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatch(
      message instanceof RegExp ? message : new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}`),
    );
  });

  it('its form of before Kubernetes 1.19', () => {
    expect(messages(backend('{ serviceName: a, servicePort: 80 }')).join()).toMatch(/unknown field "serviceName"/);
  });
});

describe('others', () => {
  const other = (kind: string, rest: string) =>
    `apiVersion: ${kind === 'Secret' ? 'v1' : 'networking.k8s.io/v1'}\nkind: ${kind}\nmetadata: { name: a }\n${rest}\n`;
  it.each([
    [
      'an IngressClass without a domain',
      other('IngressClass', 'spec: { controller: nginx }'),
      /^spec.controller must be a domain and a path/,
    ],
    [
      'a Secret of TLS without a key',
      other('Secret', 'type: kubernetes.io/tls\ndata: { tls.crt: YQ== }'),
      /^data must have tls.key/,
    ],
    [
      'a Secret whose data is plain',
      other('Secret', 'data: { a: "plain text!" }'),
      /^data.a must be base64; plain text goes into stringData/,
    ],
  ])('refused: %s', (_, text, message) => {
    expect(messages(text)).toEqual([expect.stringMatching(message)]);
  });

  it('taken: a Secret of another type', () => {
    expect(messages(other('Secret', 'stringData: { password: x }'))).toEqual([]);
  });
});
