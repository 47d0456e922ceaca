/** How a name is looked up: resolv.conf(5), and what glibc makes of it (resolv/res_query.c, __res_context_search). */

export interface ResolverConfig {
  readonly nameservers: readonly string[];
  readonly searches: readonly string[];
  /** `ndots:5` */
  readonly options: readonly string[];
}

/** As a container runtime writes it (containerd internal/cri/server/podsandbox/helpers_linux.go, parseDNSOptions). */
export function formatResolvConf({ nameservers, searches, options }: ResolverConfig): string {
  return [
    ...(searches.length > 0 ? [`search ${searches.join(' ')}`] : []),
    ...nameservers.map((address) => `nameserver ${address}`),
    ...(options.length > 0 ? [`options ${options.join(' ')}`] : []),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

/** Whom a resolver asks: without a nameserver, its own machine. */
export function nameserversOf({ nameservers }: ResolverConfig): readonly string[] {
  return nameservers.length > 0 ? nameservers.slice(0, MAX_NAMESERVERS) : ['127.0.0.1'];
}

/** How often each of them is asked. */
export function attemptsOf(config: ResolverConfig): number {
  return Math.min(optionOf(config, 'attempts') ?? DEFAULT_ATTEMPTS, MAX_ATTEMPTS);
}

/** The full names that a name may stand for, in the order they are asked for. What would be too long is not asked for. */
export function candidates(name: string, config: ResolverConfig): string[] {
  const plain = name.replace(/\.$/, '');
  if (name.endsWith('.')) return [plain];
  const dots = name.split('.').length - 1;
  const searched = config.searches.map((domain) => (domain === '.' ? plain : `${plain}.${domain.replace(/\.$/, '')}`));
  const isEnough = dots >= Math.min(optionOf(config, 'ndots') ?? DEFAULT_NDOTS, MAX_NDOTS);
  const all = isEnough ? [plain, ...searched] : [...searched, plain];
  return [...new Set(all)].filter((each) => each.length <= MAX_NAME);
}

function optionOf({ options }: ResolverConfig, name: string): number | undefined {
  const given = options.findLast((option) => option.startsWith(`${name}:`))?.slice(name.length + 1);
  const value = Number(given);
  return given !== undefined && Number.isInteger(value) && value >= 0 ? value : undefined;
}

/** resolv.h: MAXNS, RES_DFLRETRY, RES_MAXRETRY, RES_MAXNDOTS. */
const MAX_NAMESERVERS = 3;
const DEFAULT_ATTEMPTS = 2;
const MAX_ATTEMPTS = 5;
const DEFAULT_NDOTS = 1;
const MAX_NDOTS = 15;
const MAX_NAME = 253;
