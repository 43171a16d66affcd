import { expect, test } from 'vitest';
import { withScheme } from '../../../../relay/wire/certificate/with-scheme.ts';

test.each([
  ['https://192.168.1.7:8765/a?b#c', 'http', 'http://192.168.1.7:8765/a?b#c'],
  ['http://192.168.1.7:8765/a?b#c', 'https', 'https://192.168.1.7:8765/a?b#c'],
  ['https://relay.example/', 'http', 'http://relay.example:443/'],
  ['http://relay.example:443/', 'https', 'https://relay.example/'],
  ['http://relay.example/', 'https', 'https://relay.example:80/'],
  ['https://[::1]:80/', 'http', 'http://[::1]/'],
  ['https://[::1]:8765/', 'https', 'https://[::1]:8765/'],
] as const)('%s by %s is %s', (address, scheme, expected) => {
  const url = new URL(address);
  expect(withScheme(url, scheme).href).toBe(expected);
  expect(url.href).toBe(address);
});
