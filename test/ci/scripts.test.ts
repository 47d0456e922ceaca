/** What is written in shell and in Ruby: the scripts, the action's steps, and what a Vagrant box is set up with. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ACTION } from './action.ts';
import { PROVISIONING, VAGRANTFILE } from './vagrantfile.ts';

const files = readdirSync('scripts', { withFileTypes: true }).filter((entry) => entry.isFile());
const texts = [...files.map(({ name }) => `scripts/${name}`), '.ci/run'].map((path) => [
  path,
  readFileSync(path, 'utf8'),
]);
const steps = ACTION.runs.steps.map(({ run = '' }, index) => [`step ${index + 1} of action.yml`, run]);
const SHELL = [
  ...texts.filter(([, text]) => /^(#!.*bash|# shellcheck shell=bash)$/m.test(text!)),
  ...steps.filter(([, run]) => run !== ''),
  [`the provisioning of ${VAGRANTFILE}`, PROVISIONING],
] as [name: string, text: string][];

/** A tool that CI must have, and others may lack. */
function lacks(program: string): boolean {
  return spawnSync(program, ['--version']).error !== undefined && !process.env.CI;
}

function complaints(program: string, args: readonly string[], input: string): string {
  const { stdout, stderr, error } = spawnSync(program, args, { input, encoding: 'utf8' });
  return error ? error.message : stdout + stderr;
}

describe('shell', () => {
  it('is looked at wherever it is', () => {
    expect(SHELL.length).toBeGreaterThan(8);
  });

  it.each(SHELL)('that bash can read: %s', (_, text) => {
    expect(complaints('bash', ['-n'], text)).toBe('');
  });

  const shellcheck = ['--shell=bash', '--external-sources', '--severity=warning', '-'];
  it.skipIf(lacks('shellcheck')).each(SHELL)('that shellcheck has nothing against: %s', (_, text) => {
    expect(complaints('shellcheck', shellcheck, text)).toBe('');
  });
});

/** Stands for Vagrant: writes down every call, in blocks as well, as `config.vm.box= [...]`. */
const VAGRANT = `
require "json"
class Recorder < BasicObject
  def initialize(name) = @name = name
  def method_missing(call, *args, **options)
    path = "#{@name}.#{call}"
    ::Kernel.puts ::JSON.generate([path, *args, *(options.empty? ? [] : [options])])
    inner = ::Recorder.new(path)
    yield inner if ::Kernel.block_given?
    inner
  end
end
module Vagrant
  def self.configure(version) = yield(Recorder.new("config"))
end
load ARGV.first
`;

describe.skipIf(lacks('ruby'))(VAGRANTFILE, () => {
  const { stdout, stderr } = spawnSync('ruby', ['-e', VAGRANT, VAGRANTFILE], { encoding: 'utf8' });
  const calls = stdout
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown[]);
  const argumentsOf = (call: RegExp) => calls.filter(([path]) => call.test(path as string)).map(([, ...rest]) => rest);

  it('can be read, and defines two machines, of which one is the usual', () => {
    expect(stderr).toBe('');
    expect(argumentsOf(/\.define$/)).toEqual([
      ['debian', { primary: true, autostart: true }],
      ['ubuntu', { primary: false, autostart: false }],
    ]);
    expect(argumentsOf(/\.box=$/)).toEqual([['debian/bookworm64'], ['bento/ubuntu-24.04']]);
  });

  it('copies the clone, without what is made for another machine, to where the provisioning expects it', () => {
    const [, copied] = argumentsOf(/\.synced_folder$/) as [string, string, { rsync__exclude: string[] }][];
    expect(copied!.slice(0, 2)).toEqual(['..', '/home/vagrant/packetwalk']);
    expect(copied![2].rsync__exclude).toEqual(expect.arrayContaining(['node_modules/', 'dist/', '.node/']));
  });

  it('sets both up with the clone’s own script, as the user whose clone it is', () => {
    const own = argumentsOf(/\.provision$/).filter(
      ([, options]) => (options as { privileged?: boolean }).privileged === false,
    );
    expect(own.map(([kind, options]) => [kind, (options as { inline: string }).inline.trim()])).toEqual([
      ['shell', PROVISIONING],
      ['shell', PROVISIONING],
    ]);
    expect(PROVISIONING).toMatch(/^packetwalk\/scripts\/setup$/m);
  });
});
