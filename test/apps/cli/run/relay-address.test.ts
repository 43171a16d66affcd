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

const pin = 'ab'.repeat(32);
const short = Buffer.from(pin, 'hex').toString('base64url');
test.each([
  [`http://192.168.1.7:8765/#token=x&fingerprint=${short}`, undefined, 'https://192.168.1.7:8765/', 'x'],
  [
    `http://192.168.1.7:8765/dashboard#fingerprint=${short}`,
    undefined,
    'https://192.168.1.7:8765/',
    undefined,
  ],
  [`http://relay.example:443/#fingerprint=${short}`, undefined, 'https://relay.example/', undefined],
  ['http://192.168.1.7:8765/#token=x', pin, 'https://192.168.1.7:8765/', 'x'],
  ['192.168.1.7:8765', pin, 'https://192.168.1.7:8765/', undefined],
])('%s with the fingerprint %s leads to %s', (address, given, href, token) => {
  const read = relayAddress(address, given);
  expect([read.url.href, read.token, read.fingerprint]).toEqual([href, token, pin]);
});

test('a given fingerprint counts more than that of a link', () => {
  const other = 'cd'.repeat(32);
  expect(relayAddress(`http://a:1/#fingerprint=${short}`, other).fingerprint).toBe(other);
});

test('a word that may be a file name is not taken for a relay', () => {
  for (const word of ['http://a', 'https://a/#token=b', '127.0.0.1:8765', 'relay.example:1', '[::1]:8765'])
    expect(looksLikeRelay(word), word).toBe(true);
  for (const word of ['a.txt', 'letters/', 'relay.example', 'a:b', '*.txt', '12:30.txt'])
    expect(looksLikeRelay(word), word).toBe(false);
});
