/** The words of Felix's rules (felix iptables/match_builder.go, actions.go) and its marks. */
import type { FelixRule } from './table.ts';

/** Of Felix's IptablesMarkMask, 0xffff0000, in the order in which it hands them out (felix dataplane/driver.go). */
export const MARK = {
  accept: '0x10000',
  pass: '0x20000',
  acceptOrPass: '0x30000',
  /** One bit: raw PREROUTING is done with it when policies need it within a chain. */
  fromWorkload: '0x40000',
  scratch0: '0x40000',
  scratch: '0xc0000',
  all: '0xf0000',
  allButAccept: '0xe0000',
} as const;

export const isMarked = (mark: string) => `-m mark --mark ${mark}/${mark}`;
export const isUnmarked = (mark: string) => `-m mark --mark 0/${mark}`;
export const jump = (target: string) => `--jump ${target}`;
export const goTo = (target: string) => `--goto ${target}`;
export const set = (mark: string) => `--jump MARK --set-mark ${mark}/${mark}`;
export const clear = (mark: string): FelixRule => ({ action: `--jump MARK --set-mark 0/${mark}` });
