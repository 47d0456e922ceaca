/**
 * packetwalk completion: scripts for bash, zsh and fish, from the same declarations as `--help`. The scripts ask
 * `packetwalk complete` what fits, so labs and places of the moment are offered, too.
 */

import { type Complete, type RootCommand, ShellCompDirective } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import { listLabs } from '../agent/registry.ts';
import { BEHAVIOURS } from '../fault/stories.ts';
import { KIND_NAMES } from '../model/object-name.ts';
import { CNI_MODES } from '../parse/schema/cni.ts';
import { PROXY_MODES } from '../parse/schema/proxy.ts';
import { FAULT_NAMES } from '../parse/schema/topology.ts';
import { program } from './commands.ts';
import { EXIT, print } from './output.ts';
import { REPORTERS } from './reporters.ts';

export async function run(shell: 'bash' | 'zsh' | 'fish'): Promise<number> {
  const completions = completionsOf(program());
  if (shell !== 'bash') {
    completions.setup('packetwalk', 'packetwalk', shell);
    return EXIT.ok;
  }
  /** The script's constants are read-only: bash would complain when it is sourced again. */
  print('{');
  completions.setup('packetwalk', 'packetwalk', shell);
  print('} 2>/dev/null');
  /** The script itself leaves file names out. */
  print('complete -o default -F __packetwalk_complete packetwalk');
  return EXIT.ok;
}

export async function complete(words: readonly string[]): Promise<number> {
  completionsOf(program()).parse([...words]);
  return EXIT.ok;
}

type Offer = (offer: Complete) => void;

const ARGUMENTS: readonly [command: string, argument: string, offer: Offer][] = [
  ['exec', 'place', offerPlaces],
  ['shell', 'place', offerPlaces],
  ['capture', 'place', offerPlaces],
  ['impair', 'interface', offerPlaces],
  ['delete', 'objects', offerObjects],
  ['set', 'pods', offerPods],
  ['trace', 'from', offerPlaces],
  ['trace', 'to', offerPlaces],
  ['explain', 'fault', offerAll([...FAULT_NAMES, ...Object.keys(BEHAVIOURS)])],
  ['down', 'name', offerLabs],
  ['inspect', 'name', offerLabs],
];

const OPTIONS: readonly [option: string, offer: Offer][] = [
  ['lab', offerLabs],
  ['reporter', offerAll(REPORTERS)],
  ['cni', offerAll(CNI_MODES)],
  ['proxy', offerAll(PROXY_MODES)],
  ['fault', offerAll(FAULT_NAMES)],
];

/** Where several modes may be named, and `all` for every one. */
const SEVERAL: readonly [command: string, option: string, offer: Offer][] = ['test', 'diff'].flatMap(
  (command): [string, string, Offer][] => [
    [command, 'cni', offerAll([...CNI_MODES, 'all'])],
    [command, 'proxy', offerAll([...PROXY_MODES, 'all'])],
  ],
);

function completionsOf(declared: ReturnType<typeof program>): RootCommand {
  const root = tab(declared, { completionCommandName: OWN_COMMAND });
  root.commands.delete(OWN_COMMAND);
  for (const [command, argument, offer] of ARGUMENTS) {
    const found = root.commands.get(command)?.arguments.get(argument);
    if (found) found.handler = offer;
  }
  for (const command of root.commands.values()) {
    for (const [option, offer] of OPTIONS) {
      const found = command.options.get(option);
      if (found) found.handler = offer;
    }
  }
  for (const [command, option, offer] of SEVERAL) {
    const found = root.commands.get(command)?.options.get(option);
    if (found) found.handler = offer;
  }
  offerFilesOtherwise(root);
  return root;
}

/** The library wants a command of its own for the scripts; ours is `completion`. */
const OWN_COMMAND = 'completion-script';

/** Where there is nothing to offer, the shell offers file names. The library forbids it every time. */
function offerFilesOtherwise(root: RootCommand): void {
  const { ShellCompDirectiveDefault, ShellCompDirectiveNoFileComp } = ShellCompDirective;
  Object.defineProperty(root, 'directive', {
    get: () => (root.completions.length === 0 ? ShellCompDirectiveDefault : ShellCompDirectiveNoFileComp),
    set: () => {},
  });
}

function offerAll(names: readonly string[]): Offer {
  return (offer) => {
    for (const name of names) offer(name, '');
  };
}

function offerLabs(offer: Complete): void {
  for (const { name } of listLabs()) offer(name, 'running lab');
}

function offerPlaces(offer: Complete): void {
  for (const { name, state } of listLabs())
    for (const { place } of state.namespaces) if (place !== undefined) offer(place, `in ${name}`);
}

function offerPods(offer: Complete): void {
  offerPlaces((place, description) => place.startsWith('pod/') && offer(place, description));
}

/** The names of pods are known; of the others, how they begin. */
function offerObjects(offer: Complete): void {
  offerPods(offer);
  for (const kind of KIND_NAMES) offer(`${kind}/`, 'of a running lab');
}
