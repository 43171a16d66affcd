import { expect, test } from 'vitest';
import { invitation } from '../../../../apps/cli/run/invitation.ts';

function relayAt(address: string, fingerprint: string | null) {
  const url = new URL(address);
  return { url, publicUrl: url, fingerprint };
}
const plain = relayAt('http://192.168.1.7:8765/', null);
const secure = relayAt('https://192.168.1.7:8765/', 'AB:CD');
const local = relayAt('http://127.0.0.1:8765/', null);

test('a token is put into the fragment of the tab’s address, and not onto a command line', () => {
  const { fact, text } = invitation(secure, '192.168.1.7', 'a b');
  expect(fact.contribute).toBe('https://192.168.1.7:8765/#token=a%20b');
  expect(text(false)).toContain('--token-file token.txt --fingerprint AB:CD');
});

test('a relay for other machines without TLS prints what their browsers will lack', () => {
  const warned = (relay: typeof plain | typeof secure, host: string) =>
    invitation(relay, host, 'token').text(false).includes('--tls auto');
  expect(warned(plain, '192.168.1.7')).toBe(true);
  expect(warned(secure, '192.168.1.7')).toBe(false);
  expect(warned(local, '127.0.0.1')).toBe(false);
});

test('behind a proxy the invitation names the public address, whose certificate is the proxy’s', () => {
  const publicUrl = new URL('https://relay.example/run/');
  const { fact, text } = invitation({ ...secure, publicUrl }, '0.0.0.0', 'a');
  expect(fact).toEqual({
    contribute: 'https://relay.example/run/#token=a',
    dashboard: 'https://relay.example/run/dashboard',
    fingerprint: null,
  });
  expect(text(false)).not.toContain('192.168.1.7');
  expect(text(false)).not.toContain('Also at');
});
