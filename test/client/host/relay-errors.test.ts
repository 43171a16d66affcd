import { expect, test } from 'vitest';
import { connectionError } from '../../../client/host/relay-errors.ts';

test.each([
  ['ENOTFOUND', 'no computer of this name was found'],
  ['ECONNREFUSED', 'nothing listens there'],
  ['ETIMEDOUT', 'it did not answer in time'],
  ['EHOSTUNREACH', 'no way leads there from this network'],
])('why no relay answers is told in words beside the code: %s', (code, words) => {
  const error = connectionError(new URL('http://relay.example:8765'), code);
  expect(error).toMatchObject({
    code: 'relay.unreachable',
    message: `No relay answers at relay.example:8765: ${words} (${code}).`,
  });
});

test('another reason is told as it is', () => {
  expect(connectionError(new URL('http://relay.example'), 'bad port').message).toBe(
    'No relay answers at relay.example (bad port).',
  );
});
