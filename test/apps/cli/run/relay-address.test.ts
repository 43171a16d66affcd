import { expect, test } from 'vitest';
import { looksLikeRelay, publicAddress, relayAddress } from '../../../../apps/cli/run/relay-address.ts';

test('a public address is a complete URL whose path ends in a slash', () => {
  expect(publicAddress('https://relay.example').href).toBe('https://relay.example/');
  expect(publicAddress('https://relay.example/run').href).toBe('https://relay.example/run/');
  for (const address of [
    '',
    'relay.example',
    'ftp://relay.example/',
    'https://a:b@relay.example/',
    'https://a/#b',
  ]) {
    expect(() => publicAddress(address), address).toThrow(
      expect.objectContaining({ code: 'usage.public-url' }),
    );
  }
});

test.each([
  ['http://relay.example:8765', 'http://relay.example:8765/', undefined],
  ['relay.example:8765', 'http://relay.example:8765/', undefined],
  ['https://relay.example/run', 'https://relay.example/run/', undefined],
  ['https://relay.example/#token=warp-and%20weft', 'https://relay.example/', 'warp-and weft'],
  ['https://relay.example/run/dashboard', 'https://relay.example/run/', undefined],
  ['http://127.0.0.1:8765/dashboard/#token=x', 'http://127.0.0.1:8765/', 'x'],
])('%s is read as the address of a relay', (address, url, token) => {
  const { url: found, token: invited } = relayAddress(address);
  expect([found.href, invited]).toEqual([url, token]);
});

test('a word that may be a file name is not taken for a relay', () => {
  for (const word of ['http://a', 'https://a/#token=b', '127.0.0.1:8765', 'relay.example:1', '[::1]:8765'])
    expect(looksLikeRelay(word), word).toBe(true);
  for (const word of ['a.txt', 'letters/', 'relay.example', 'a:b', '*.txt', '12:30.txt'])
    expect(looksLikeRelay(word), word).toBe(false);
});
