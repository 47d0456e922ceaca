/**
 * A ruleset for iptables-restore in parts. It sends a table to the kernel as one message, which for an ordinary user must fit into
 * the socket's buffer of a fixed size: only root may make that larger (SO_SNDBUFFORCE, socket(7); iptables, nft.c,
 * mnl_nft_socket_sendmsg). In parts a ruleset is not there at once: good for whom it could not be loaded at all.
 */

/** So many rules fit, comments and all. */
const RULES = 200;

/**
 * Two programs' input: the tables with their chains, empty, and the rules, for iptables-restore --noflush, which sends each part
 * at its COMMIT.
 */
export function inParts(text: string): { readonly chains: string; readonly rules: string } {
  const chains: string[] = [];
  const parts: string[] = [];
  for (const table of text.split(/^(?=\*)/m)) {
    const lines = table.split('\n');
    const rules = lines.filter((line) => line.startsWith('-'));
    chains.push(...lines.filter((line) => line !== '' && !line.startsWith('-')));
    for (let start = 0; start < rules.length; start += RULES)
      parts.push(lines[0]!, ...rules.slice(start, start + RULES), 'COMMIT');
  }
  return { chains: `${chains.join('\n')}\n`, rules: `${parts.join('\n')}\n` };
}
