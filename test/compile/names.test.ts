/** The names kube-proxy gives its chains: the same as on a real node. */
import { describe, expect, it } from 'vitest';
import {
  endpointBase,
  endpointChain,
  servicePortBase,
  servicePortHash,
  servicePortName,
} from '../../src/compile/proxy/names.ts';
import type { Endpoint, Service, ServicePort } from '../../src/model/cluster.ts';

/** From kubernetes' own tests and from real clusters. */
const SERVICE_PORTS = [
  ['ns1/svc1:p80', 'tcp', 'XPGD46QRK7WJZT7O'],
  ['ns2/svc2:p80', 'tcp', 'GNZBNJ2PO5MGZ6GT'],
  ['ns3/svc3:p80', 'tcp', 'X27LE4BHSL4DOUIK'],
  ['ns4/svc4:p80', 'tcp', '4SW47YFZTEDKD3PK'],
  ['ns5/svc5:p80', 'tcp', 'NUKIZ6OKUXPJNT4C'],
  ['ns2/svc2:p8080', 'tcp', '2VJB64SDSIJUP5T6'],
  ['ns4/svc4:p8082', 'tcp', 'EBDQOQU5SJFXRIL3'],
  ['ns1/svc1', 'tcp', 'AQI2S6QIMU7PVVRP'],
  ['ns1/svc1:dns-udp', 'udp', 'VSAJCMDKUGXIKENG'],
  ['kube-system/kube-dns:dns', 'udp', 'TCOU7JCQXEZGVUNU'],
  ['kube-system/kube-dns:dns-tcp', 'tcp', 'ERIFXISQEP7F7OF4'],
  ['default/kubernetes:https', 'tcp', 'NPX46M4PTMTKRN6Y'],
] as const;

const ENDPOINTS = [
  ['ns1/svc1:p80', '10.180.0.1', 80, 'SXIVWICOYRO3J4NJ'],
  ['ns2/svc2:p80', '10.180.0.2', 80, 'RS4RBKLTHTF2IUXJ'],
  ['ns3/svc3:p80', '10.180.0.3', 80, 'OYPFS5VJICHGATKP'],
  ['ns4/svc4:p80', '10.180.0.4', 80, 'UKSFD7AGPMPPLUHC'],
  ['ns4/svc4:p80', '10.180.0.5', 80, 'C6EBXVWJJZMIWKLZ'],
  ['ns5/svc5:p80', '10.180.0.3', 80, 'I77PXRDZVX7PMWMN'],
  ['ns1/svc1:p80', '10.0.1.1', 80, 'SNQ3ZNILQDEJNDQO'],
  ['ns2/svc2:p8080', '10.0.2.1', 8080, 'UHEGFW77JX3KXTOV'],
  ['ns3/svc3:p80', '10.0.3.1', 80, 'BSWRHOQ77KEXZLNL'],
  ['ns3/svc3:p80', '10.0.3.2', 80, 'DKCFIS26GWF2WLWC'],
  ['ns3/svc3:p80', '10.0.3.3', 80, 'JVVZVJ7BSEPPRNBS'],
  ['ns4/svc4:p80', '10.0.4.1', 80, 'AYCN5HPXMIRJNJXU'],
  ['ns1/svc1:p80', '10.0.0.0', 80, 'DKGQUZGBKLTPAR56'],
  ['ns3/svc3:p8081', '203.0.113.4', 8081, 'RUVVH7YV3PHQBDOS'],
  ['ns4/svc4:p8082', '10.4.0.1', 8082, 'SU5STNODRYEWJAUF'],
  ['ns1/svc1:p80', 'fd00:10:180::1', 80, 'OGYCNMB4EMRUSJ6N'],
] as const;

describe('the chains of a service port', () => {
  it.each(SERVICE_PORTS)('%s %s share %s', (name, protocol, hash) => {
    expect(servicePortHash(name, protocol)).toBe(hash);
  });
});

describe('the chain of an endpoint', () => {
  it.each(ENDPOINTS)('%s → %s:%i is KUBE-SEP-%s', (name, address, port, hash) => {
    expect(endpointChain(name, 'tcp', { address, port } as Endpoint)).toBe(`KUBE-SEP-${hash}`);
  });
});

it('a service port is called after namespace, Service and port, without a colon when the port has no name', () => {
  const service = { namespace: 'ns1', name: 'svc1' } as Service;
  expect(servicePortName(service, { name: 'p80' } as ServicePort)).toBe('ns1/svc1:p80');
  expect(servicePortName(service, { name: '' } as ServicePort)).toBe('ns1/svc1');
});

/** From kubernetes' own tests. */
const NFT_SERVICE_PORTS = [
  ['ns1', 'svc1', 'TCP', 'p80', 'ULMVA6XW-ns1/svc1/tcp/p80'],
  ['ns2', 'svc2', 'TCP', 'p8080', 'MHHHYRWA-ns2/svc2/tcp/p8080'],
  ['testing', 'service', 'TCP', 'https', 'LZBRENCP-testing/service/tcp/https'],
  ['kube-system', 'kube-dns', 'UDP', 'dns', 'FY5PMXPG-kube-system/kube-dns/udp/dns'],
  ['ns1', 'svc1', 'TCP', '', '6KJ5P52A-ns1/svc1/tcp/'],
] as const;

const NFT_ENDPOINTS = [
  ['10.180.0.1', 80, 'JO2XBXZR-testing/service/tcp/http__10.180.0.1/80'],
  ['10.180.0.2', 80, '5S6H3H22-testing/service/tcp/http__10.180.0.2/80'],
  ['fd80:abcd:12::a1b2:c3d4:e5f6:9999', 80, 'U7E2ET36-testing/service/tcp/http__fd80.abcd.12..a1b2.c3d4.e5f6.9999/80'],
] as const;

describe('in mode nftables', () => {
  const servicePort = (namespace: string, name: string, protocol: string, port: string) =>
    [{ namespace, name } as Service, { name: port, protocol } as ServicePort] as const;

  it.each(NFT_SERVICE_PORTS)('%s/%s %s %s is %s', (namespace, name, protocol, port, base) => {
    expect(servicePortBase(...servicePort(namespace, name, protocol, port))).toBe(base);
  });

  it.each(NFT_ENDPOINTS)('the endpoint %s:%i is %s', (address, port, base) => {
    const of = servicePort('testing', 'service', 'TCP', 'http');
    expect(endpointBase(...of, { address, port } as Endpoint)).toBe(base);
  });

  it('a name that is too long for the kernel loses its end, and stays its own by its hash', () => {
    const [service, port] = servicePort('n'.repeat(63), 's'.repeat(63), 'SCTP', 'p'.repeat(63));
    const [one, other] = [9998, 9999].map((number) =>
      endpointBase(service, port, { address: 'fd80:abcd:1234:5678:a1b2:c3d4:e5f6:9999', port: number } as Endpoint),
    ) as [string, string];
    expect([one.length, one.endsWith('...'), one === other]).toEqual([240, true, false]);
  });
});
