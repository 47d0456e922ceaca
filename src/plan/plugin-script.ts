/** CNI plugins in a script: the calls with which a container runtime connects a pod. */
import { type Attachment, environmentOf, ON_NODE } from '../compile/attachment.ts';
import { shellWord } from './shell.ts';

/** What the calls have in common. */
export const PLUGIN_FUNCTIONS = `
# on NODE COMMAND…: runs a program on a node, which has a /var/lib of its own, and of the machine's files can change none.
on() {
  node=$1
  shift
  mkdir -p "/run/nodes/$node"
  nsenter --net="/run/netns/$node" ${ON_NODE.map(shellWord).join(' ')} \\
    "/run/nodes/$node" "$@"
}
# plugin FOLDERS NAME: where a plugin is.
plugin() {
  for folder in $(echo "$1" | tr : ' '); do
    if [ -x "$folder/$2" ]; then echo "$folder/$2" && return; fi
  done
  echo "there is no plugin $2 in $1: sudo apt-get install containernetworking-plugins" >&2
  return 1
}
`;

/** ADD through the chain: each plugin reads its configuration, and what the one before it wrote. */
export function pluginCommands(namespace: string, attachment: Attachment): string {
  const environment = Object.entries(environmentOf('ADD', attachment)).map(([name, value]) => `${name}=${value}`);
  const { path } = attachment.network;
  return attachment.calls
    .map(({ plugin, configuration }, index) => {
      const program = `"$(plugin ${shellWord(path.join(':'))} ${shellWord(plugin)})"`;
      const words = ['on', namespace, 'env', ...environment].map(shellWord).join(' ');
      const text = JSON.stringify(configuration);
      const input = index === 0 ? text : `${expandable(text.slice(0, -1))},"prevResult":$result}`;
      return `result=$(${words} ${program} <<${index === 0 ? "'EOF'" : 'EOF'}\n${input}\nEOF\n)`;
    })
    .join('\n');
}

/** What a shell leaves as it is where it puts in the value of a variable. */
function expandable(text: string): string {
  return text.replace(/[\\$`]/g, '\\$&');
}
