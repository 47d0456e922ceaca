/**
 * packetwalk completion: scripts for bash, zsh and fish, from the same declarations as `--help`. The scripts ask
 * `packetwalk complete` what fits, so labs and places of the moment are offered, too.
 */

import type { Complete, RootCommand } from '@bomb.sh/tab';
import tab from '@bomb.sh/tab/commander';
import { listLabs } from '../agent/registry.ts';
import { program } from './commands.ts';
import { EXIT } from './output.ts';

export async function run(shell: 'bash' | 'zsh' | 'fish'): Promise<number> {
  completions().setup('packetwalk', 'packetwalk', shell);
  return EXIT.ok;
}

export async function complete(words: readonly string[]): Promise<number> {
  completions().parse([...words]);
  return EXIT.ok;
}

function completions(): RootCommand {
  const root = tab(program(), { completionCommandName: 'completion-script' });
  for (const [name, argument] of [
    ['exec', 'place'],
    ['shell', 'place'],
    ['capture', 'place'],
    ['trace', 'from'],
    ['trace', 'to'],
  ] as const) {
    const found = root.commands.get(name)?.arguments.get(argument);
    if (found) found.handler = offerPlaces;
  }
  for (const [name, argument] of [
    ['down', 'name'],
    ['inspect', 'name'],
  ] as const) {
    const found = root.commands.get(name)?.arguments.get(argument);
    if (found) found.handler = offerLabs;
  }
  for (const command of root.commands.values()) {
    const option = command.options.get('lab');
    if (option) option.handler = offerLabs;
  }
  return root;
}

function offerLabs(offer: Complete): void {
  for (const { name } of listLabs()) offer(name, 'running lab');
}

function offerPlaces(offer: Complete): void {
  for (const { name, state } of listLabs())
    for (const { place } of state.namespaces) if (place !== undefined) offer(place, `in ${name}`);
}
