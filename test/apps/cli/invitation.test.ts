import { expect, test } from 'vitest';
import { invitation } from '../../../apps/cli/invitation.ts';

const plain = { url: new URL('http://192.168.1.7:8765/'), fingerprint: null };
const secure = { url: new URL('https://192.168.1.7:8765/'), fingerprint: 'AB:CD' };
const local = { url: new URL('http://127.0.0.1:8765/'), fingerprint: null };

test('a token goes into the fragment of the tab’s address, and not onto a command line', () => {
  const { fact, text } = invitation(secure, '192.168.1.7', 'a b');
  expect(fact.contribute).toBe('https://192.168.1.7:8765/#token=a%20b');
  expect(text(false)).toContain('--token-file token.txt --fingerprint AB:CD');
});

test('a relay for other machines without TLS is told what their browsers lack', () => {
  const warned = (relay: typeof plain | typeof secure, host: string) =>
    invitation(relay, host, 'token').text(false).includes('--tls auto');
  expect(warned(plain, '192.168.1.7')).toBe(true);
  expect(warned(secure, '192.168.1.7')).toBe(false);
  expect(warned(local, '127.0.0.1')).toBe(false);
});
