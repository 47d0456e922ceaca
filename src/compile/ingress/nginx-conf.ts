/**
 * Virtual servers as nginx reads them, in the words of ingress-nginx's template (rootfs/etc/nginx/template/nginx.tmpl). What that
 * leaves to Lua is said in nginx's own directives: upstreams have their servers, redirects are returned, and who has no endpoint
 * is answered 503. There are no connections to endpoints to be used again (upstream-keepalive-connections: 0): every request is
 * a way of its own.
 */
import type { Certificate } from '../../model/ingress/certificates.ts';
import type { IngressBackend, IngressController } from '../../model/ingress/index.ts';
import { isIpv6 } from '../../net/address.ts';
import { socketAddress } from '../../net/port.ts';
import { FAKE_CERTIFICATE } from './fake-certificate.ts';
import { ANY_HOST, type Location, type Server } from './servers.ts';

export function formatNginxConf(controller: IngressController, servers: readonly Server[]): string {
  return [
    ...MAIN,
    'http {',
    ...indented([
      ...HTTP,
      ...certificateLines(controller.defaultCertificate ?? FAKE_CERTIFICATE),
      ...upstreamsOf(servers).flatMap(upstreamLines),
      ...servers.flatMap((server) => serverLines(server, listenLines(controller, server.host === ANY_HOST))),
    ]),
    '}',
    '',
  ].join('\n');
}

/** Relative names are in the folder nginx is started with (-p). A process that does the same each time has one worker. */
const MAIN = [
  'worker_processes 1;',
  'pid nginx.pid;',
  'error_log stderr notice;',
  'events { worker_connections 1024; }',
];

/** `access_log` tells packetwalk which connections nginx had on both sides: its standard output is read. */
const HTTP = [
  ...['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`),
  `log_format packetwalk escape=json '{"agent":"$http_user_agent","client":["$remote_addr","$remote_port"],"server":["$server_addr","$server_port"],"upstream":"$proxy_upstream_name","endpoints":"$upstream_addr","statuses":"$upstream_status","connected":"$upstream_connect_time"}';`,
  'access_log /proc/self/fd/1 packetwalk;',
  'server_tokens off;',
  'server_names_hash_max_size 8192;',
  'server_names_hash_bucket_size 512;',
  'proxy_headers_hash_max_size 512;',
  'proxy_headers_hash_bucket_size 64;',
  'map $http_upgrade $connection_upgrade { default upgrade; "" close; }',
  'map $http_x_request_id $req_id { default $http_x_request_id; "" $request_id; }',
  'map $request_uri $bare_request_uri { default $request_uri; "~^(?<bare>.*)/$" $bare; }',
  'proxy_http_version 1.1;',
  'proxy_connect_timeout 5s;',
  'proxy_send_timeout 60s;',
  'proxy_read_timeout 60s;',
  'proxy_next_upstream error timeout;',
  'proxy_next_upstream_tries 3;',
  'proxy_redirect off;',
  'proxy_set_header Host $http_host;',
  'proxy_set_header Upgrade $http_upgrade;',
  'proxy_set_header Connection $connection_upgrade;',
  'proxy_set_header X-Request-ID $req_id;',
  'proxy_set_header X-Real-IP $remote_addr;',
  'proxy_set_header X-Forwarded-For $remote_addr;',
  'proxy_set_header X-Forwarded-Host $http_host;',
  'proxy_set_header X-Forwarded-Port $server_port;',
  'proxy_set_header X-Forwarded-Proto $scheme;',
  'proxy_set_header X-Forwarded-Scheme $scheme;',
  'proxy_set_header X-Scheme $scheme;',
  'proxy_set_header X-Original-Forwarded-For $http_x_forwarded_for;',
  'proxy_set_header Proxy "";',
];

function certificateLines({ chain, key }: Certificate): string[] {
  return [`ssl_certificate "data:${quoted(chain)}";`, `ssl_certificate_key "data:${quoted(key)}";`];
}

/** Each once, by name, those with endpoints. */
function upstreamsOf(servers: readonly Server[]): IngressBackend[] {
  const backends = servers.flatMap(({ locations }) => locations.flatMap(({ backend }) => backend ?? []));
  const byName = new Map(backends.map((backend) => [backend.name, backend]));
  const sorted = [...byName.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return sorted.filter(({ endpoints }) => endpoints.length > 0);
}

/** In turn. Lua's balancer does not put aside who has failed. */
function upstreamLines({ name, endpoints }: IngressBackend): string[] {
  return [
    `upstream ${name} {`,
    ...indented(endpoints.map(({ address, port }) => `server ${socketAddress(address, port)} max_fails=0;`)),
    '}',
  ];
}

function listenLines({ pod }: IngressController, isDefault: boolean): string[] {
  const { httpPort, httpsPort } = pod.ingressController!;
  const suffix = isDefault ? ' default_server' : '';
  const any = [...new Set(pod.addresses.map((address) => (isIpv6(address) ? '[::]:' : '')))];
  return any.flatMap((host) => [`listen ${host}${httpPort}${suffix};`, `listen ${host}${httpsPort}${suffix} ssl;`]);
}

function serverLines({ host, certificate, locations, isRegex }: Server, listen: readonly string[]): string[] {
  return [
    `## start server ${host}`,
    'server {',
    ...indented([
      `server_name "${serverName(host)}";`,
      ...listen,
      'set $proxy_upstream_name "-";',
      ...(certificate ? certificateLines(certificate) : []),
      ...locations.flatMap((location) => locationLines(location, isRegex)),
    ]),
    '}',
    `## end server ${host}`,
  ];
}

/** `*` is one label. */
function serverName(host: string): string {
  if (!host.startsWith('*.')) return host;
  return String.raw`~^(?<subdomain>[\w-]+)\.${host.slice(2).replaceAll('.', String.raw`\.`)}$`;
}

function locationLines(location: Location, isRegex: boolean): string[] {
  const { backend, redirects, preserveTrailingSlash } = location;
  const uri = preserveTrailingSlash ? '$request_uri' : '$bare_request_uri';
  return [
    `location ${matching(location, isRegex)} {`,
    ...indented([
      ...(backend ? [`set $proxy_upstream_name "${backend.name}";`] : []),
      ...(redirects === 'to https' ? [`if ($scheme = http) { return 308 https://$host${uri}; }`] : []),
      ...answerLines(location),
    ]),
    '}',
  ];
}

function matching({ path, pathType }: Location, isRegex: boolean): string {
  if (isRegex) return `~* "^${quoted(path)}"`;
  return pathType === 'Exact' ? `= "${quoted(path)}"` : `"${quoted(path)}"`;
}

function answerLines({ path, backend, rewriteTarget }: Location): string[] {
  if (!backend) return ['return 404;'];
  if (backend.endpoints.length === 0) return ['return 503;'];
  return [
    ...(rewriteTarget === undefined ? [] : [`rewrite "(?i)${quoted(path)}" ${rewriteTarget} break;`]),
    `proxy_pass http://${backend.name};`,
  ];
}

/** Inside double quotes. */
function quoted(text: string): string {
  return text.replace(/[\\"]/g, String.raw`\$&`);
}

/** PEM is read by the line, and keeps its own beginnings. */
function indented(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`);
}
