/** A plan as a shell script: grouped, commented with where things come from, and safe whatever is in it. */
import { spawnSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Operation } from '../../src/plan/index.ts';
import { formatScript } from '../../src/plan/script.ts';

const at = (line: number) => ({ namespace: 'host.a', origin: { file: 'lab.yaml', line } });
const up = (name: string): Operation => ({ kind: 'set-link', change: { name, up: true }, ...at(1) });
const rules = (text: string): Operation => ({ kind: 'load-rules', program: 'iptables', text, ...at(1) });

/** The script without its head. */
function body(...operations: readonly Operation[]): string {
  const script = formatScript({ operations }, 'demo');
  return script.slice(script.indexOf('set -eu\n') + 'set -eu\n'.length);
}

/** Runs a script with every command replaced by one that prints its arguments, one in brackets each, and its input. */
function run(script: string): string {
  const stub = `print() { for word; do printf '[%s]' "$word"; done; echo; }
ip() { print ip "$@"; case $* in *iptables-restore) cat;; esac; }
bridge() { print bridge "$@"; }
`;
  const { stdout, stderr, status } = spawnSync('sh', ['-c', stub + script], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  return stdout;
}

describe('a script', () => {
  it('begins by saying what it is, how to run it, and stops at the first error', () => {
    const script = formatScript({ operations: [] }, 'demo');
    expect(script).toMatch(/^#!\/bin\/sh\n# Builds the lab demo: /);
    expect(script).toContain('unshare --user --map-current-user --keep-caps --net');
    expect(script).toMatch(/\nset -eu\n\n?$/);
  });

  it('has a title for each kind of step and a line for each place they come from', () => {
    expect(
      body(
        { kind: 'add-namespace', ...at(3) },
        { kind: 'add-namespace', ...at(3), namespace: 'host.b' },
        { kind: 'add-namespace', ...at(5), namespace: 'host.c' },
        up('lo'),
      ),
    ).toBe(`
# namespaces
#   lab.yaml:3
ip netns add host.a
ip netns add host.b
#   lab.yaml:5
ip netns add host.c

# link state
#   lab.yaml:1
ip -n host.a link set lo up
`);
  });

  it('takes as many steps as its argument says, none without one', () => {
    const steps = ['one', 'two'].map((name) => ({ name, operations: [up(name)] }));
    const script = formatScript({ operations: [up('lo')] }, 'demo', steps);
    const taken = (...args: readonly string[]) =>
      spawnSync('sh', ['-c', `ip() { echo "$5"; }\n${script}`, 'sh', ...args], { encoding: 'utf8' }).stdout;
    expect([taken(), taken('1'), taken('2')]).toEqual(['lo\n', 'lo\none\n', 'lo\none\ntwo\n']);
    expect(script).toContain('# ─── step 2: two\n');
  });

  it('says in comments what a process does, and starts none', () => {
    const relay = { program: 'kube-proxy', serves: 'default/web', idleMs: 250, origin: at(1).origin } as const;
    const endpoints = [
      { address: '10.244.1.2', port: 8080 },
      { address: '10.244.2.2', port: 8080 },
    ];
    const relays = [
      {
        ...relay,
        protocol: 'TCP',
        port: 40_001,
        endpoints,
        held: [{ port: 30_080 }, { address: '10.0.0.11', port: 80 }],
      },
      { ...relay, protocol: 'UDP', port: 40_002, endpoints: [], held: [] },
    ] as const;
    const script = body({ kind: 'set-relays', program: 'kube-proxy', relays, ...at(1) });
    expect(script.trim().split('\n')).toEqual([
      '# processes, which have to run for the rules above to lead somewhere; this script does not start them',
      '#   lab.yaml:1',
      '#   host.a:',
      '#     kube-proxy listens on 40001 and relays default/web to 10.244.1.2:8080, 10.244.2.2:8080, in turn',
      '#     kube-proxy holds 30080',
      '#     kube-proxy holds 10.0.0.11:80',
      '#     kube-proxy listens on 40002/UDP and relays default/web to nobody',
    ]);
    expect(run(script)).toBe('');
  });

  it('says in comments what carries packets into a TUN device and out of it', () => {
    const [here, there] = ['10.0.0.11', '10.0.0.12'].map((address) => ({ address, port: 8285 }));
    const tunnel = { device: 'flannel0', address: '10.244.1.0', local: here!, origin: at(1).origin };
    const tunnels = [{ ...tunnel, subnets: [{ to: '10.244.2.0/24', via: there! }] }];
    const script = body({ kind: 'add-tun', name: 'flannel0', ...at(1) }, { kind: 'set-tunnels', tunnels, ...at(1) });
    expect(script.trim().split('\n')).toEqual([
      '# TUN devices, for whoever may open /dev/net/tun',
      '#   lab.yaml:1',
      'ip -n host.a tuntap add dev flannel0 mode tun',
      '',
      '# flanneld, which has to run for the routes above to lead somewhere; this script does not start it',
      '#   lab.yaml:1',
      '#   host.a:',
      '#     opens flannel0 and listens on 10.0.0.11:8285/UDP',
      '#     sends what is for 10.244.2.0/24 to 10.0.0.12:8285, a packet a datagram, TTL - 1',
      '#     writes what comes into flannel0, TTL - 1',
    ]);
    expect(run(script)).toBe('[ip][-n][host.a][tuntap][add][dev][flannel0][mode][tun]\n');
  });

  it('gives rules as a here-document', () => {
    expect(body(rules('*filter\n-A INPUT -m comment --comment "a $b `c`" -j DROP\nCOMMIT\n'))).toBe(`
# rules
#   lab.yaml:1
ip netns exec host.a iptables-restore <<'EOF'
*filter
-A INPUT -m comment --comment "a $b \`c\`" -j DROP
COMMIT
EOF
`);
  });

  it('is a script for sh', () => {
    const operations: Operation[] = [{ kind: 'add-namespace', ...at(1) }, up('lo'), rules('*nat\nCOMMIT\n')];
    expect(run(formatScript({ operations }, 'demo'))).toBe(
      '[ip][netns][add][host.a]\n[ip][-n][host.a][link][set][lo][up]\n[ip][netns][exec][host.a][iptables-restore]\n*nat\nCOMMIT\n',
    );
  });
});

describe('whatever a name is', () => {
  it.each(['eth0', 'flannel.1', '02:00:0a:00:00:01', '10.0.0.0/24', 'a=b', 'a@b', '50%', 'a,b', 'a+b', 'a_b-c'])(
    '%s needs no quotes',
    (word) => {
      expect(body(up(word))).toContain(`link set ${word} up\n`);
    },
  );

  it('the shell hands the command exactly that', () => {
    const word = fc.string({ minLength: 1, unit: 'grapheme-ascii' });
    const names = fc.array(word, { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(names, (some) => {
        const script = formatScript({ operations: some.map(up) }, 'demo');
        expect(run(script)).toBe(some.map((name) => `[ip][-n][host.a][link][set][${name}][up]\n`).join(''));
      }),
      { numRuns: 40 },
    );
  });

  it('a quote, a line break and an empty word are no exception', () => {
    for (const name of ["it's", "''", 'a\nb', '', '-', '$(id)', '*'])
      expect(run(body(up(name)))).toBe(`[ip][-n][host.a][link][set][${name}][up]\n`);
  });

  it('a here-document ends where the rules end, not where they say so', () => {
    const text = '*nat\n# EOF\nEOF\necho escaped\nCOMMIT\n';
    expect(run(body(rules(text)))).toBe(`[ip][netns][exec][host.a][iptables-restore]\n${text}`);
  });

  it('a comment ends with its line, whatever the file is called', () => {
    const operation: Operation = { ...up('lo'), origin: { file: 'a\necho escaped\n#.yaml', line: 1 } };
    expect(run(body(operation))).toBe('[ip][-n][host.a][link][set][lo][up]\n');
  });

  it('the name of the lab is written as it is', () => {
    expect(formatScript({ operations: [] }, "a$&b$'c")).toContain("# Builds the lab a$&b$'c: ");
  });

  it('the name of the lab stays in its line', () => {
    expect(run(formatScript({ operations: [] }, 'a\necho escaped\n#'))).toBe('');
  });
});
