/** Modules are loaded one by one: each after what it needs, once, and none that the kernel has anyway. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isIndexed, missingModules, moduleFiles } from '../../../../src/apply/sandbox/vm/modules.ts';
import { temporary } from './fakes.ts';

/** A kernel with these index files. */
function kernel(dep: string | undefined, builtin?: string) {
  const modules = temporary();
  mkdirSync(join(modules, '6.1'));
  if (dep !== undefined) writeFileSync(join(modules, '6.1/modules.dep'), dep);
  if (builtin !== undefined) writeFileSync(join(modules, '6.1/modules.builtin'), builtin);
  const of = (path: string) => path.slice(`${modules}/6.1/`.length);
  return { kernel: { release: '6.1', image: '/boot/vmlinuz-6.1', modules }, of };
}

function files(dep: string, ...names: string[]): string[] {
  const { kernel: given, of } = kernel(dep, '');
  return moduleFiles(given, names).map(of);
}

/** As depmod writes it: what is needed directly comes first, the deepest last. */
const DEP = `kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko kernel/fs/fscache/fscache.ko kernel/fs/netfs/netfs.ko
kernel/net/9p/9pnet.ko:
kernel/fs/fscache/fscache.ko: kernel/fs/netfs/netfs.ko
kernel/fs/netfs/netfs.ko:
kernel/net/9p/9pnet_virtio.ko.xz: kernel/net/9p/9pnet.ko kernel/drivers/virtio/virtio.ko
kernel/drivers/virtio/virtio.ko:
kernel/crypto/sha256-generic.ko.zst:
`;

describe('the files of modules', () => {
  it('come after those they need, however deep', () => {
    expect(files(DEP, '9p')).toEqual([
      'kernel/fs/netfs/netfs.ko',
      'kernel/fs/fscache/fscache.ko',
      'kernel/net/9p/9pnet.ko',
      'kernel/fs/9p/9p.ko',
    ]);
  });

  it('come once, though several need them', () => {
    expect(files(DEP, '9pnet_virtio', '9p').filter((path) => path.endsWith('/9pnet.ko'))).toHaveLength(1);
    expect(files(DEP, '9pnet_virtio', '9p').indexOf('kernel/net/9p/9pnet.ko')).toBeLessThan(
      files(DEP, '9pnet_virtio', '9p').indexOf('kernel/net/9p/9pnet_virtio.ko.xz'),
    );
  });

  it('may be called with - where the module has _, and be packed', () => {
    expect(files(DEP, 'sha256_generic')).toEqual(['kernel/crypto/sha256-generic.ko.zst']);
  });

  it('are none for what is built in, and for what is not there', () => {
    expect(files(DEP, 'virtio_console')).toEqual([]);
  });
});

describe('a kernel lacks', () => {
  it('what it has neither built in nor as a file, whichever way it is written', () => {
    const { kernel: given } = kernel(DEP, 'kernel/drivers/char/virtio-console.ko\n');
    expect(missingModules(given, ['9p', 'virtio_console', 'sha256_generic', 'overlay'])).toEqual(['overlay']);
  });

  it('nothing more when there is no list of what is built in', () => {
    const { kernel: given } = kernel(DEP);
    expect(missingModules(given, ['9p', 'overlay'])).toEqual(['overlay']);
  });

  it('everything without an index', () => {
    const { kernel: given } = kernel(undefined, '');
    expect(isIndexed(given)).toBe(false);
    expect(missingModules(given, ['9p'])).toEqual(['9p']);
  });
});
