import { expect, test } from 'vitest';
import { staleNamespaces } from '../../../bench/network/namespaces.ts';

test('namespaces of benches that no longer run are stale, and no others', () => {
  const listed =
    'tapestry-near-12 (id: 3)\ntapestry-far-12\ntapestry-near-77 (id: 4)\nmine-12\ntapestry-near-12-old\n';
  expect(staleNamespaces(listed, (pid) => pid === 77)).toEqual(['tapestry-near-12', 'tapestry-far-12']);
  expect(staleNamespaces('', () => false)).toEqual([]);
});
