/** The command in a report that tests a lab again: what was chosen for the run, nothing else, safe to paste. */
import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { programWithCompletion } from '../../src/cli/commands.ts';
import { repeatCommand } from '../../src/cli/repeat.ts';
import type { Options } from '../../src/cli/test.ts';
import { lab } from '../report/results.ts';

const PLAIN: Options = {
  reporter: ['junit'],
  outputFile: [],
  fault: [],
  cni: [],
  proxy: [],
  namespace: 'default',
  sandbox: 'auto',
};

describe('the command', () => {
  it('is short where the topology says everything', () => {
    expect(repeatCommand(lab([]), PLAIN)).toBe('packetwalk test topologies/nodeport-snat.yaml');
  });

  it('names the one combination of modes, of all that the run was for', () => {
    const matrix = { ...PLAIN, cni: ['vxlan', 'host-gw'], proxy: ['iptables', 'nftables'] };
    expect(repeatCommand(lab([], { cni: 'host-gw' }), matrix)).toBe(
      'packetwalk test topologies/nodeport-snat.yaml --cni host-gw --proxy iptables',
    );
  });

  it('has the faults of the run, not those the topology has itself', () => {
    expect(repeatCommand(lab([], { faults: ['no-fdb', 'no-dnat'] }), { ...PLAIN, fault: ['no-dnat'] })).toBe(
      'packetwalk test topologies/nodeport-snat.yaml --fault no-dnat',
    );
  });

  it('is one the command line accepts, with every choice in it', () => {
    const all = { ...PLAIN, cni: ['vxlan'], proxy: ['iptables'], fault: ['no-dnat'], namespace: 'prod' };
    const command = repeatCommand(lab([]), { ...all, sandbox: 'vm', kernel: '6.1' });
    expect(command).toMatch(/ -n prod --sandbox vm --kernel 6\.1$/);
    const test = programWithCompletion().commands.find((candidate) => candidate.name() === 'test')!;
    expect(test.exitOverride().parseOptions(command.split(' ').slice(2))).toEqual({
      operands: ['topologies/nodeport-snat.yaml'],
      unknown: [],
    });
  });

  it.each(["it's here/a b.yaml", '$(id).yaml', 'a;b.yaml'])('reaches a shell as it was meant: %s', (file) => {
    const command = repeatCommand(lab([], { file }), PLAIN).replace('packetwalk', "printf '%s\\n'");
    expect(execFileSync('sh', ['-c', command], { encoding: 'utf8' })).toBe(`test\n${file}\n`);
  });
});
