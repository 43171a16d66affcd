import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { addressGroup, isAllowed, isLoopback } from '../../relay/admission.ts';

describe('isAllowed', () => {
  test.each([
    ['a program', { host: '127.0.0.1:8080' }, true],
    ['a page of the relay', { host: 'localhost:8080', origin: 'http://localhost:8080' }, true],
    ['a page of the relay in IPv6', { host: '[::1]:8080', origin: 'http://[::1]:8080' }, true],
    ['a page of another port', { host: 'localhost:8080', origin: 'http://localhost:8081' }, false],
    ['a page of another scheme', { host: 'localhost:8080', origin: 'https://localhost:8080' }, false],
    ['a page of another host', { host: 'localhost:8080', origin: 'http://evil.example' }, false],
    ['a page without an origin of its own', { host: 'localhost:8080', origin: 'null' }, false],
    [
      'a name that was pointed here',
      { host: 'evil.example:8080', origin: 'http://evil.example:8080' },
      false,
    ],
    ['a program by another name', { host: 'evil.example:8080' }, false],
    ['no host', {}, false],
    ['a host that is none', { host: 'a b' }, false],
  ])('%s: %o', (_, headers, allowed) => {
    expect(isAllowed(headers, 'http', true)).toBe(allowed);
  });

  test('a relay for others answers to any name, of one origin', () => {
    const host = 'relay.example';
    expect(isAllowed({ host, origin: 'https://relay.example' }, 'https', false)).toBe(true);
    expect(isAllowed({ host, origin: 'https://evil.example' }, 'https', false)).toBe(false);
  });
});

test('only this machine reaches loopback', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost', 'LOCALHOST', 'x.localhost']) {
    expect(isLoopback(host), host).toBe(true);
  }
  for (const host of ['0.0.0.0', '::', '192.168.0.1', 'localhost.example', '127.0.0.1.example', '']) {
    expect(isLoopback(host), host).toBe(false);
  }
});

describe('addressGroup', () => {
  test('an IPv4 address is itself, also where IPv6 wraps it', () => {
    fc.assert(
      fc.property(fc.ipV4(), (address) => {
        expect(addressGroup(address)).toBe(address);
        expect(addressGroup(`::ffff:${address}`)).toBe(address);
      }),
    );
  });

  test('all of a /64 is one, however it is written', () => {
    expect(addressGroup('2001:db8:0:1::5')).toBe('2001:db8:0:1::/64');
    expect(addressGroup('2001:0DB8:0000:0001:ffff:1:2:3')).toBe('2001:db8:0:1::/64');
    expect(addressGroup('2001:db8::1')).toBe('2001:db8:0:0::/64');
    expect(addressGroup('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
    expect(addressGroup('::1')).toBe('0:0:0:0::/64');
    expect(addressGroup('2001:db8:0:2::5')).not.toBe(addressGroup('2001:db8:0:1::5'));
    expect(addressGroup(undefined)).toBe('unknown');
  });
});
