import { describe, expect, test } from 'vitest';
import { isLoopback, refusalOfNames, targetBelow } from '../../../../relay/server/http/names.ts';

const local = { scheme: 'http', local: true, publicUrl: null } as const;
const allowed = (headers: object, names: Parameters<typeof refusalOfNames>[1]) =>
  refusalOfNames({ ...headers }, names) === null;

describe('a relay of this machine answers', () => {
  test.each([
    ['a program', { host: '127.0.0.1:8080' }, true],
    ['its own page', { host: 'localhost:8080', origin: 'http://localhost:8080' }, true],
    ['its own page in IPv6', { host: '[::1]:8080', origin: 'http://[::1]:8080' }, true],
    ['a page of another port', { host: 'localhost:8080', origin: 'http://localhost:8081' }, false],
    ['a page of another scheme', { host: 'localhost:8080', origin: 'https://localhost:8080' }, false],
    ['a page of another host', { host: 'localhost:8080', origin: 'http://evil.example' }, false],
    ['a page without an origin of its own', { host: 'localhost:8080', origin: 'null' }, false],
    ['a rebound name', { host: 'evil.example:8080', origin: 'http://evil.example:8080' }, false],
    ['a program by another name', { host: 'evil.example:8080' }, false],
    ['no host', {}, false],
    ['a host that is none', { host: 'a b' }, false],
  ])('%s: %o', (_, headers, answers) => {
    expect(allowed(headers, local)).toBe(answers);
  });
});

describe('a public URL', () => {
  const publicUrl = new URL('https://relay.example/run/');
  const origin = 'https://relay.example';

  test.each([true, false])('adds one name and one origin, and no other (local: %s)', (isLocal) => {
    const names = { scheme: 'http', local: isLocal, publicUrl } as const;
    expect(allowed({ host: 'relay.example', origin }, names)).toBe(true);
    expect(allowed({ host: 'relay.example:443', origin }, names)).toBe(true);
    expect(allowed({ host: '127.0.0.1:8765', origin }, names)).toBe(true);
    expect(allowed({ host: '127.0.0.1:8765', origin: 'http://127.0.0.1:8765' }, names)).toBe(true);
    expect(allowed({ host: '192.0.2.7:8765' }, names)).toBe(!isLocal);
    expect(allowed({ host: '[2001:db8::1]:8765' }, names)).toBe(!isLocal);
    for (const name of ['evil.example', 'relay.example.evil.example', 'relay.example:8443']) {
      expect(allowed({ host: name }, names), name).toBe(false);
      expect(allowed({ host: name, origin: `http://${name}` }, names), name).toBe(false);
      expect(allowed({ host: 'relay.example', origin: `https://${name}` }, names), name).toBe(false);
    }
  });

  test('may stay as a prefix in a request’s target', () => {
    expect(targetBelow('/run/api/status?x=1', publicUrl)).toBe('/api/status?x=1');
    expect(targetBelow('/run/', publicUrl)).toBe('/');
    expect(targetBelow('/api/status', publicUrl)).toBe('/api/status');
    expect(targetBelow('/runs/', publicUrl)).toBe('/runs/');
    expect(targetBelow('/run/', null)).toBe('/run/');
  });
});

test('a relay for other machines without a public URL answers to any name, but only for its own origin', () => {
  const names = { scheme: 'https', local: false, publicUrl: null } as const;
  expect(allowed({ host: 'relay.example', origin: 'https://relay.example' }, names)).toBe(true);
  expect(allowed({ host: 'relay.example', origin: 'https://evil.example' }, names)).toBe(false);
});

test('a refusal names what it refused and the option that allows it', () => {
  expect(refusalOfNames({ host: 'relay.example:80' }, local)).toMatch(
    /^relay\.example is not a name of this relay\.\n.*--public-url http:\/\/relay\.example\/ /,
  );
  expect(refusalOfNames({ host: 'localhost', origin: 'https://a.example' }, local)).toMatch(
    /pages of https:\/\/a\.example\.\n.*--public-url https:\/\/a\.example\/ /,
  );
});

test('loopback addresses are those that only this machine reaches', () => {
  for (const host of ['127.0.0.1', '127.9.9.9', '::1', '[::1]', 'localhost', 'LOCALHOST', 'x.localhost']) {
    expect(isLoopback(host), host).toBe(true);
  }
  for (const host of ['0.0.0.0', '::', '192.168.0.1', 'localhost.example', '127.0.0.1.example', '']) {
    expect(isLoopback(host), host).toBe(false);
  }
});
