import { expect, it } from 'vitest';
import { classify } from '../../../src/apply/kernel/errors.ts';

it.each([
  ['EMFILE', { code: 'failed', remedy: 'let processes open more files (ulimit -n), or try fewer ports' }],
  [
    "EACCES: permission denied, open '/dev/net/tun'",
    {
      code: 'permission',
      remedy: 'sudo chmod 666 /dev/net/tun, or a new lab, which is built in a virtual machine then',
    },
  ],
  ['RTNETLINK answers: Operation not permitted', { code: 'permission' }],
  ['Error: Unknown device type.', { code: 'unsupported' }],
  ['No such file or directory', { code: 'failed' }],
])('%s', (cause, expected) => {
  expect(classify(cause)).toEqual(expected);
});
