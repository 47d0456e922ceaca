/** All speakers come to one result, which follows from the hash alone: sha256 of `NODE#ADDRESS`. */
import { describe, expect, it } from 'vitest';
import { elected } from '../../../src/probe/speaker/election.ts';

const NODES = ['node1', 'node2', 'node3'];
const all = new Set(NODES);

describe('elected is', () => {
  /** `printf node3#10.0.0.240 | sha256sum`: 7fcd99…, of node2 9fc2b9…, of node1 d61d8f… */
  it('the candidate with the smallest hash', () => {
    expect(elected('10.0.0.240', NODES, all)).toBe('node3');
    expect(elected('10.0.0.240', NODES.toReversed(), all)).toBe('node3');
  });

  it('the next one when that is not alive', () => {
    expect(elected('10.0.0.240', NODES, new Set(['node1', 'node2']))).toBe('node2');
    expect(elected('10.0.0.240', NODES, new Set(['node1']))).toBe('node1');
  });

  it('nobody else than a candidate', () => {
    expect(elected('10.0.0.240', ['node1'], all)).toBe('node1');
    expect(elected('10.0.0.240', [], all)).toBeUndefined();
    expect(elected('10.0.0.240', ['node1'], new Set())).toBeUndefined();
  });

  it('for each address another one', () => {
    const winners = ['10.0.0.241', '10.0.0.242', '10.0.0.243', '10.0.0.244'].map((ip) => elected(ip, NODES, all));
    expect(new Set(winners).size).toBeGreaterThan(1);
  });
});
