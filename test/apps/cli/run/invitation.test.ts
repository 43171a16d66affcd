import { expect, test } from 'vitest';
import { invitation } from '../../../../apps/cli/run/invitation.ts';
import { presenterOf } from '../../../../apps/cli/run/joining/presenter.ts';
import { relayAddress } from '../../../../apps/cli/run/relay-address.ts';
import { joinAddress } from '../../../../apps/dashboard/join-address.ts';
import { fingerprintWords } from '../../../../relay/wire/certificate/fingerprint-words.ts';
import { withScheme } from '../../../../relay/wire/certificate/with-scheme.ts';

function relayAt(address: string, fingerprint: string | null) {
  const url = new URL(address);
  return { url, publicUrl: url, entryUrl: fingerprint === null ? url : withScheme(url, 'http'), fingerprint };
}
const plain = relayAt('http://192.168.1.7:8765/', null);
const fingerprint = Array(32).fill('AB').join(':');
const secure = relayAt('https://192.168.1.7:8765/', fingerprint);
const local = relayAt('http://127.0.0.1:8765/', null);

test('the link of an invitation holds the address, the token and the fingerprint, and begins at the page that tells of it', () => {
  const { fact, text } = invitation(secure, '192.168.1.7', 'a b');
  expect(fact.contribute).toBe('http://192.168.1.7:8765/#token=a%20b');
  expect(fact.dashboard).toBe('http://192.168.1.7:8765/dashboard');
  expect(fact.link).toMatch(/^http:/);
  expect(relayAddress(fact.link)).toEqual({
    url: secure.url,
    token: 'a b',
    fingerprint: 'ab'.repeat(32),
  });
  expect(text(0)).toContain(`join '${fact.link}'`);
});

test('an invitation shows the certificate as four words, and gives it to the presenter’s dashboard', () => {
  const { fact, text } = invitation(secure, '192.168.1.7', 'a', presenterOf({ presenter: true }));
  const four = fingerprintWords('ab'.repeat(32));
  expect(fact.fingerprintWords).toBe(four);
  expect(text(0)).toContain(four);
  // The secret never passes through the page that is not encrypted.
  const page = new URL(fact.presenter ?? 'none:');
  expect(page.protocol).toBe('https:');
  expect(joinAddress(page, { address: null, plainEntry: true })).toEqual({
    address: fact.link,
    typed: fact.contribute,
    relay: secure.url.href,
    reach: 'anyone',
    certificate: four,
  });
});

test('a terminal that is too low for the QR code keeps the addresses in sight', () => {
  const { text } = invitation(secure, '192.168.1.7', 'token');
  expect(text(24)).toBe(text(0));
  expect(text(80).split('\n').length).toBeLessThan(72);
  expect(text(80).startsWith(text(0))).toBe(true);
  expect(text(80).length).toBeGreaterThan(text(0).length);
});

test('a relay for other machines without TLS prints what their browsers will lack', () => {
  const warned = (relay: typeof plain | typeof secure, host: string) =>
    invitation(relay, host, 'token').text(0).includes('--tls auto');
  expect(warned(plain, '192.168.1.7')).toBe(true);
  expect(warned(secure, '192.168.1.7')).toBe(false);
  expect(warned(local, '127.0.0.1')).toBe(false);
});

test('behind a proxy the invitation names the public address, whose certificate is the proxy’s', () => {
  const publicUrl = new URL('https://relay.example/run/');
  const { fact, text } = invitation({ ...secure, publicUrl, entryUrl: publicUrl }, '0.0.0.0', 'a');
  expect(fact).toEqual({
    contribute: 'https://relay.example/run/#token=a',
    link: 'https://relay.example/run/#token=a',
    dashboard: 'https://relay.example/run/dashboard',
    fingerprint: null,
    fingerprintWords: null,
  });
  expect(text(0)).not.toContain('192.168.1.7');
  expect(text(0)).not.toContain('Also at');
});

test('the presenter is told whether the secret survives a restart', () => {
  const told = (flags: { presenter: boolean; presenterSecret?: string }) => {
    const { fact, text } = invitation(secure, '192.168.1.7', 'a', presenterOf(flags));
    return {
      secret: new URLSearchParams(new URL(fact.presenter ?? 'none:').hash.slice(1)).get('presenter'),
      text: text(0),
    };
  };
  const given = 'four words of yours';
  expect(told({ presenter: false, presenterSecret: given })).toMatchObject({ secret: given });
  expect(told({ presenter: false, presenterSecret: given }).text).not.toContain('new at each start');
  const [once, again] = [told({ presenter: true }), told({ presenter: true })];
  expect(once.text).toContain('new at each start');
  expect(once.secret).toMatch(/^[\w-]{22}$/);
  expect(again.secret).not.toBe(once.secret);
  expect(presenterOf({ presenter: false })).toBeUndefined();
  expect(() => presenterOf({ presenter: true, presenterSecret: 'short words' })).toThrow(
    expect.objectContaining({ code: 'usage.presenter-secret' }),
  );
});
