/** The records of a cluster, held against the Kubernetes DNS specification: its sections, and what CoreDNS makes of the rest. */
import { describe, expect, it } from 'vitest';
import { answer } from '../../../src/dns/answer.ts';
import { formatData } from '../../../src/dns/record.ts';
import type { ModelOptions } from '../../../src/model/index.ts';
import { clusterOf, modelled } from '../cluster.ts';
import { pod, service, slice, stream, topology } from '../objects.ts';

const LAB = stream(
  topology({
    cluster: { dns: { hosts: { 'db.test.com': 'host/db', 'both.test.com': ['1.2.3.4', 'fd00::1'] } } },
    hosts: [{ name: 'db' }],
  }),
  service('kubernetes', { clusterIP: '10.96.0.1', selector: undefined, ports: [{ name: 'https', port: 443 }] }),
  service('headless', { clusterIP: 'None', ports: [{ name: 'https', port: 443 }] }),
  pod('my-pet', {
    labels: { app: 'headless' },
    spec: { hostname: 'my-pet', subdomain: 'headless', containers: [{ name: 'a' }] },
  }),
  pod('other', { labels: { app: 'headless' } }),
  pod('starting', { labels: { app: 'headless' }, status: { phase: 'Pending' } }),
  service('none', { clusterIP: 'None', selector: { app: 'nobody' } }),
  service('unready', { clusterIP: 'None', publishNotReadyAddresses: true, selector: { app: 'unready' } }),
  pod('unready', { labels: { app: 'unready' }, status: { phase: 'Pending' } }),
  service('foo', { type: 'ExternalName', externalName: 'db.test.com' }),
  service('alias', { type: 'ExternalName', externalName: 'kubernetes.default.svc.cluster.local' }),
  service('nowhere', { type: 'ExternalName', externalName: 'nobody.example.com' }),
  service('a', { type: 'ExternalName', externalName: 'b.default.svc.cluster.local' }),
  service('b', { type: 'ExternalName', externalName: 'a.default.svc.cluster.local' }),
);

function ask(name: string, type: string, text = LAB, options: Partial<ModelOptions> = {}) {
  const { dns } = clusterOf(text, options);
  const { status, answers, authorities, additionals } = answer(dns!.zone, { name, type });
  return {
    status,
    answers: answers.map((record) => `${record.name} ${record.ttl} ${record.type} ${formatData(record)}`),
    authorities: authorities.map((record) => `${record.name} ${record.ttl} ${record.type}`),
    additionals: additionals.map((record) => `${record.name} ${record.type} ${formatData(record)}`),
  };
}

const HEADLESS = 'headless.default.svc.cluster.local';
const OTHER = `10-244-2-2.${HEADLESS}`;

it('names in an EndpointSlice are no addresses', () => {
  const names = slice('x', 'names', [{ addresses: ['db.test.com'] }], { addressType: 'FQDN' });
  const text = stream(LAB, service('names', { clusterIP: 'None', selector: undefined }), names);
  expect(ask('names.default.svc.cluster.local', 'A', text)).toMatchObject({ status: 'NXDOMAIN', answers: [] });
});

describe('the specification', () => {
  it.each([
    ['2.2', 'dns-version.cluster.local', 'TXT', ['dns-version.cluster.local 28800 TXT "1.1.0"']],
    ['2.3.1', 'kubernetes.default.svc.cluster.local', 'A', ['kubernetes.default.svc.cluster.local 30 A 10.96.0.1']],
    [
      '2.3.2',
      '_https._tcp.kubernetes.default.svc.cluster.local',
      'SRV',
      ['_https._tcp.kubernetes.default.svc.cluster.local 30 SRV 0 100 443 kubernetes.default.svc.cluster.local.'],
    ],
    ['2.3.3', '1.0.96.10.in-addr.arpa', 'PTR', ['1.0.96.10.in-addr.arpa 30 PTR kubernetes.default.svc.cluster.local.']],
    ['2.4.1', HEADLESS, 'A', [`${HEADLESS} 30 A 10.244.1.2`, `${HEADLESS} 30 A 10.244.2.2`]],
    ['2.4.1, by hostname', `my-pet.${HEADLESS}`, 'A', [`my-pet.${HEADLESS} 30 A 10.244.1.2`]],
    ['2.4.1, without', OTHER, 'A', [`${OTHER} 30 A 10.244.2.2`]],
    [
      '2.4.2',
      `_https._tcp.${HEADLESS}`,
      'SRV',
      [
        `_https._tcp.${HEADLESS} 30 SRV 0 50 443 my-pet.${HEADLESS}.`,
        `_https._tcp.${HEADLESS} 30 SRV 0 50 443 ${OTHER}.`,
      ],
    ],
    ['2.4.3', '2.1.244.10.in-addr.arpa', 'PTR', [`2.1.244.10.in-addr.arpa 30 PTR my-pet.${HEADLESS}.`]],
    [
      '2.5',
      'foo.default.svc.cluster.local',
      'A',
      ['foo.default.svc.cluster.local 30 CNAME db.test.com.', 'db.test.com 3600 A 10.0.0.100'],
    ],
    ['2.6', '10-3-0-1.default.pod.cluster.local', 'A', ['10-3-0-1.default.pod.cluster.local 30 A 10.3.0.1']],
  ])('%s: %s %s', (_, name, type, answers) => {
    expect(ask(name, type)).toMatchObject({ status: 'NOERROR', answers });
  });

  it('2.1: names are compared without case, and answered as they were asked', () => {
    expect(ask('KUBERNETES.Default.svc.cluster.LOCAL', 'A').answers).toEqual([
      'KUBERNETES.Default.svc.cluster.LOCAL 30 A 10.96.0.1',
    ]);
  });

  it('2.3.2 and 2.4.2: what an SRV record names comes with it', () => {
    expect(ask(`_https._tcp.${HEADLESS}`, 'SRV').additionals).toEqual([
      `my-pet.${HEADLESS} A 10.244.1.2`,
      `${OTHER} A 10.244.2.2`,
    ]);
  });

  it('2.4.1: a headless Service without ready endpoints does not exist', () => {
    expect(ask('none.default.svc.cluster.local', 'A')).toMatchObject({ status: 'NXDOMAIN', answers: [] });
  });

  it('publishNotReadyAddresses: those that are not ready count as ready', () => {
    expect(ask('unready.default.svc.cluster.local', 'A').answers).toHaveLength(1);
  });
});

describe('what is not there', () => {
  it.each([
    ['nobody.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['kubernetes.nowhere.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['*.default.svc.cluster.local', 'A', 'NXDOMAIN'],
    ['_http._tcp.kubernetes.default.svc.cluster.local', 'SRV', 'NXDOMAIN'],
    ['10-3-0-1.nowhere.pod.cluster.local', 'A', 'NXDOMAIN'],
    ['web-0.default.pod.cluster.local', 'A', 'NXDOMAIN'],
    ['kubernetes.default.svc.cluster.local', 'AAAA', 'NOERROR'],
    ['kubernetes.default.svc.cluster.local', 'MX', 'NOERROR'],
    ['svc.cluster.local', 'A', 'NOERROR'],
    ['default.svc.cluster.local', 'A', 'NOERROR'],
    ['cluster.local', 'A', 'NOERROR'],
  ])('%s %s is %s, and may be remembered for 30 seconds', (name, type, status) => {
    expect(ask(name, type)).toEqual({ status, answers: [], authorities: ['cluster.local 30 SOA'], additionals: [] });
  });

  it('outside the cluster is what nobody has', () => {
    expect(ask('nobody.example.com', 'A')).toMatchObject({ status: 'NXDOMAIN', authorities: ['. 86400 SOA'] });
    expect(ask('db.test.com', 'AAAA')).toMatchObject({ status: 'NOERROR', answers: [], authorities: [] });
  });
});

describe('an ExternalName', () => {
  it('inside the cluster is followed', () => {
    expect(ask('alias.default.svc.cluster.local', 'A').answers).toEqual([
      'alias.default.svc.cluster.local 30 CNAME kubernetes.default.svc.cluster.local.',
      'kubernetes.default.svc.cluster.local 30 A 10.96.0.1',
    ]);
  });

  it('that leads nowhere outside is all there is', () => {
    expect(ask('nowhere.default.svc.cluster.local', 'A').answers).toEqual([
      'nowhere.default.svc.cluster.local 30 CNAME nobody.example.com.',
    ]);
  });

  it('in a cycle has no address, and there is a warning of each', () => {
    expect(ask('a.default.svc.cluster.local', 'A')).toMatchObject({ status: 'NOERROR', answers: [] });
    expect(modelled(LAB).diagnostics.filter(({ code }) => code === 'external-name-cycle')).toMatchObject([
      {
        severity: 'warning',
        message: expect.stringContaining('ExternalName a leads back to itself, by b.default.svc.cluster.local'),
      },
      { severity: 'warning', message: expect.stringContaining('ExternalName b leads back to itself') },
    ]);
  });
});

it('further names have addresses, or those of places', () => {
  expect(ask('both.test.com', 'A').answers).toEqual(['both.test.com 3600 A 1.2.3.4']);
  expect(ask('both.test.com', 'AAAA').answers).toEqual(['both.test.com 3600 AAAA fd00::1']);
  expect(ask('db', 'A').answers).toEqual(['db 3600 A 10.0.0.100']);
});

it('the domain is the one that is given', () => {
  const text = stream(
    topology({ cluster: { dns: { domain: 'acme.example' } } }),
    service('web', { clusterIP: '10.96.0.7' }),
  );
  expect(ask('web.default.svc.acme.example', 'A', text).answers).toEqual([
    'web.default.svc.acme.example 30 A 10.96.0.7',
  ]);
  expect(ask('web.default.svc.cluster.local', 'A', text).status).toBe('NXDOMAIN');
});

it('a Service of both families has records of both', () => {
  const cluster = { podCIDR: ['10.244.0.0/16', 'fd00:10:244::/56'], dns: {} };
  const text = stream(topology({ cluster }), service('web', { ipFamilyPolicy: 'PreferDualStack' }));
  expect(ask('web.default.svc.cluster.local', 'AAAA', text).answers).toEqual([
    'web.default.svc.cluster.local 30 AAAA fd00:10:96::100',
  ]);
  expect(ask('web.default.svc.cluster.local', 'A', text).status).toBe('NOERROR');
});
