/** What makes a pod an Ingress controller, and the flags it was started with (ingress-nginx pkg/flags/flags.go). */
import type { PodObject } from '../../parse/schema/kubernetes.ts';

export interface ControllerFlags {
  /** --controller-class */
  readonly controllerClass: string;
  /** --ingress-class */
  readonly ingressClass: string;
  readonly watchWithoutClass: boolean;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** `NAMESPACE/NAME` */
  readonly defaultBackendService?: string;
  readonly defaultCertificate?: string;
}

/** The project's own image, by any registry, and as it was called before 2020. */
const IMAGE = /(^|\/)(ingress-nginx\/controller|nginx-ingress-controller)(-chroot)?([:@]|$)/;

export function controllerFlags({ containers }: PodObject['spec']): ControllerFlags | undefined {
  const controller = containers.find(({ image = '' }) => IMAGE.test(image));
  if (!controller) return undefined;
  const flags = readFlags(controller.args ?? []);
  const defaultBackendService = flags.get('default-backend-service');
  const defaultCertificate = flags.get('default-ssl-certificate');
  return {
    controllerClass: flags.get('controller-class') ?? 'k8s.io/ingress-nginx',
    ingressClass: flags.get('ingress-class') ?? 'nginx',
    watchWithoutClass: flags.get('watch-ingress-without-class') === 'true',
    httpPort: portIn(flags.get('http-port')) ?? 80,
    httpsPort: portIn(flags.get('https-port')) ?? 443,
    ...(defaultBackendService !== undefined && { defaultBackendService }),
    ...(defaultCertificate !== undefined && { defaultCertificate }),
  };
}

/** `--name=value`, `--name value`, and `--name` for true. */
function readFlags(args: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>();
  for (const [index, word] of args.entries()) {
    const [, name, value] = /^--([^=]+)(?:=(.*))?$/.exec(word) ?? [];
    if (name === undefined) continue;
    const next = args[index + 1];
    flags.set(name, value ?? (next === undefined || next.startsWith('-') ? 'true' : next));
  }
  return flags;
}

function portIn(text: string | undefined): number | undefined {
  const port = Number(text);
  return Number.isInteger(port) && port > 0 && port <= 65_535 ? port : undefined;
}
