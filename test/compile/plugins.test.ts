/** Mode `plugins`: what the plugins of a network configuration are told, pod by pod. */
import { describe, expect, it } from 'vitest';
import { plan } from '../../src/plan/index.ts';
import { formatScript } from '../../src/plan/script.ts';
import { errors } from '../model/cluster.ts';
import { pod, stream, topology } from '../model/objects.ts';
import { namespaceOf, stateOf } from './state.ts';

const CAPABLE = {
  type: 'bridge',
  note: "it's $HOME, `here`",
  capabilities: {
    ips: true,
    mac: true,
    ipRanges: true,
    portMappings: true,
    bandwidth: true,
    dns: true,
    aliases: false,
  },
  ipam: { type: 'host-local', subnet: '{{.PodCIDR}}' },
};

function lab(plugins: readonly object[], fields: object = {}): string {
  const conf = { cniVersion: '0.4.0', cniVersions: ['1.0.0', '9.0.0'], name: 'net', plugins };
  return stream(
    topology({ cluster: { cni: { mode: 'plugins', conf, path: '/plugins' } }, nodes: [{ name: 'node1' }] }),
    pod('a', { node: 'node1', ...fields }),
  );
}

const attachmentsOf = (text: string) => namespaceOf(stateOf(text), 'node.node1').attachments;

describe('a plugin', () => {
  it("is told what it has the capability for, the node's pod subnet, and the highest version known here", () => {
    const metadata = { annotations: { 'kubernetes.io/egress-bandwidth': '1M' } };
    const spec = { containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort: 8000, hostIP: '10.0.0.11' }] }] };
    const [attachment] = attachmentsOf(lab([CAPABLE], { metadata, spec }));
    const { capabilities: _, ...fields } = CAPABLE;
    expect(attachment!.calls[0]!.configuration).toEqual({
      ...fields,
      ipam: { type: 'host-local', subnet: '10.244.1.0/24' },
      cniVersion: '1.0.0',
      name: 'net',
      runtimeConfig: {
        ips: ['10.244.1.2/24'],
        mac: '0a:58:0a:f4:01:02',
        ipRanges: [[{ subnet: '10.244.1.0/24' }]],
        portMappings: [{ hostPort: 8000, containerPort: 80, protocol: 'tcp', hostIP: '10.0.0.11' }],
        bandwidth: { egressRate: 1_000_000, egressBurst: 4_294_967_295 },
      },
    });
    expect(attachment!.args).not.toContain('IP=');
  });

  it('finds the address in CNI_ARGS when none has the capability', () => {
    expect(attachmentsOf(lab([{ type: 'bridge' }]))[0]!.args).toMatch(
      /^IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=a;.*;IP=10\.244\.1\.2\/24$/,
    );
  });

  it('is not called for a pod on the host network', () => {
    expect(
      attachmentsOf(lab([{ type: 'bridge' }], { spec: { hostNetwork: true, containers: [{ name: 'app' }] } })),
    ).toEqual([]);
  });

  it('reads in a script what it reads in the lab, whatever a shell would make of it', () => {
    const script = formatScript(plan(stateOf(lab([{ type: 'first' }, CAPABLE]))), 'lab');
    expect(script).toContain('"note":"it\'s \\$HOME, \\`here\\`"');
    expect(script).toContain(',"prevResult":$result}');
  });
});

it.each(['10', 'much', '2P', '-1M', '1e20'])('a bandwidth of %s is refused', (value) => {
  expect(
    errors(lab([CAPABLE], { metadata: { annotations: { 'kubernetes.io/ingress-bandwidth': value } } })),
  ).toHaveLength(1);
});
