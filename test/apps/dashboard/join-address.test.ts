import { expect, test } from 'vitest';
import { joinAddress } from '../../../apps/dashboard/join-address.ts';

test.each([
  ['http://localhost:8080/dashboard', 'http://localhost:8080/', 'this-machine'],
  ['http://127.0.0.1:8080/dashboard', 'http://127.0.0.1:8080/', 'this-machine'],
  ['http://[::1]:8080/dashboard', 'http://[::1]:8080/', 'this-machine'],
  ['https://localhost/dashboard', 'https://localhost/', 'this-machine'],
  ['http://192.168.1.20:8080/dashboard', 'http://192.168.1.20:8080/', 'no-webgpu'],
  ['https://192.168.1.20:8080/dashboard?x=1', 'https://192.168.1.20:8080/', 'anyone'],
  ['https://relay.example/dashboard#token=a%2Bb', 'https://relay.example/#token=a%2Bb', 'anyone'],
  [
    'https://relay.example/dashboard#fingerprint=c&token=a&x=1',
    'https://relay.example/#token=a&fingerprint=c',
    'anyone',
  ],
  ['https://relay.example/dashboard#other=1', 'https://relay.example/', 'anyone'],
  ['https://relay.example/run/dashboard#token=a', 'https://relay.example/run/#token=a', 'anyone'],
])('%s is joined at %s (%s)', (page, address, reach) => {
  expect(joinAddress(new URL(page), null)).toMatchObject({ address, reach });
});

test('the dashboard shows the published address to join, at any address it was opened', () => {
  const page = new URL('http://127.0.0.1:8765/dashboard#token=a');
  expect(joinAddress(page, { address: 'https://relay.example/run/' })).toEqual({
    address: 'https://relay.example/run/#token=a',
    typed: 'https://relay.example/run/#token=a',
    relay: 'https://relay.example/run/',
    reach: 'anyone',
    certificate: null,
  });
});

test.each([
  ['https://192.168.1.20:8080/dashboard#token=a', 'http://192.168.1.20:8080/#token=a', 'anyone'],
  ['https://192.168.1.20/dashboard?x=1', 'http://192.168.1.20:443/', 'anyone'],
  ['https://localhost:8080/dashboard', 'http://localhost:8080/', 'this-machine'],
])('from %s people join at %s, where a page tells of the certificate', (page, address, reach) => {
  const join = joinAddress(new URL(page), { address: null, plainEntry: true });
  expect(join).toMatchObject({ address, typed: address, reach, relay: new URL('/', page).href });
});

test.each([
  [`#token=a&fingerprint=${Buffer.alloc(32, 0xff).toString('base64url')}`, 'zoo zoo zoo zoo'],
  [`#fingerprint=${Buffer.alloc(31, 0xff).toString('base64url')}`, null],
  ['#token=a', null],
  ['#fingerprint=', null],
])('the dashboard at %s shows the certificate as %j', (hash, certificate) => {
  const page = new URL(`https://192.168.1.20:8080/dashboard${hash}`);
  const join = joinAddress(page, null);
  expect(join.certificate).toBe(certificate);
  expect(join.typed).not.toContain('fingerprint');
  expect(join.typed.includes('#token=a')).toBe(hash.includes('token=a'));
});
