/** Who has the UDP port that a tunnel's device wants: the kernel says no more than that somebody has it. */
import { run } from './command.ts';
import { KernelError } from './errors.ts';
import { inside } from './namespaces.ts';

/** The error with the owner's name, where it is about that. */
export async function withPortOwner(error: unknown): Promise<unknown> {
  if (!(error instanceof KernelError) || !error.details.cause.startsWith('EADDRINUSE')) return error;
  const { command, namespace } = error.details;
  const [, device] = / link set (\S+) up$/.exec(command) ?? [];
  if (namespace === undefined || device === undefined) return error;
  const found = await ownerOf(namespace, device);
  if (!found) return error;
  const { port, owner, remedy } = found;
  return new KernelError({
    ...error.details,
    cause: `UDP port ${port} of ${device} is taken by ${owner} (EADDRINUSE)`,
    remedy: `${remedy}, or give ${device} another port (spec.cluster.cni)`,
  });
}

async function ownerOf(namespace: string, device: string) {
  const list = async (...argv: string[]) => (await inside(namespace, () => run(argv, { namespace }))).stdout;
  const links = JSON.parse(await list('ip', '-j', '-d', 'link', 'show', 'type', 'vxlan')) as ListedVxlan[];
  const port = links.find(({ ifname }) => ifname === device)?.linkinfo.info_data.port;
  if (port === undefined) return undefined;
  const other = links.find(
    ({ ifname, flags, linkinfo }) => ifname !== device && flags.includes('UP') && linkinfo.info_data.port === port,
  );
  if (other) {
    const { ifname } = other;
    return { port, owner: `the VXLAN device ${ifname}`, remedy: `remove that (ip link del ${ifname})` };
  }
  const sockets = await list('ss', '-Hulnp', `sport = :${port}`);
  const [, program, pid] = /users:\(\("([^"]*)",pid=(\d+)/.exec(sockets) ?? [];
  const owner = program === undefined ? 'a process' : `process ${pid}, ${program}`;
  return { port, owner, remedy: 'end that process' };
}

/** Of what `ip -j -d link` prints. */
interface ListedVxlan {
  readonly ifname: string;
  readonly flags: readonly string[];
  readonly linkinfo: { readonly info_data: { readonly port?: number } };
}
