import { Command } from 'commander';
import { expect, test } from 'vitest';
import { addressOf, type TlsFlags, tlsOf, withTlsFlags } from '../../../../apps/cli/run/tls/tls-option.ts';
import { usualDirectory } from '../../../../relay/server/tls/acme-options.ts';

function flagsOf(...words: string[]): TlsFlags {
  const command = withTlsFlags(new Command()).exitOverride();
  command.parse(words, { from: 'user' });
  return command.opts<TlsFlags & Record<string, unknown>>();
}

test('the certificate is none, one of its own, files, or that of an authority', () => {
  expect(tlsOf(flagsOf())).toBe('off');
  expect(tlsOf(flagsOf('--tls', 'auto'))).toBe('auto');
  expect(tlsOf(flagsOf('--tls', 'a.pem,b.pem'))).toEqual({ cert: 'a.pem', key: 'b.pem' });
  const acme = tlsOf(
    flagsOf('--tls', 'acme:relay.example', '--acme-agree', '--acme-email', 'me@relay.example'),
  );
  expect(acme).toEqual({
    acme: {
      ...{ host: 'relay.example', directory: usualDirectory, agreed: true, challengePort: 80 },
      email: 'me@relay.example',
    },
  });
  expect(addressOf(acme, 443)?.href).toBe('https://relay.example/');
  expect(addressOf(acme, 8765)?.href).toBe('https://relay.example:8765/');
  expect(addressOf('auto', 443)).toBeUndefined();
});

test.each([
  'acme:',
  'acme:127.0.0.1',
  'acme:localhost',
  'acme:a b.example',
  'acme:a.example/x',
  'a.pem',
  'on',
])('--tls %s is refused with what it may be', (how) => {
  expect(() => tlsOf(flagsOf('--tls', how))).toThrow(expect.objectContaining({ code: 'usage.tls' }));
});

test('an authority is asked over https, or on this machine', () => {
  const directoryOf = (url: string) => flagsOf('--acme-directory', url).acmeDirectory;
  expect(directoryOf('http://127.0.0.1:14000/dir')).toBe('http://127.0.0.1:14000/dir');
  expect(() => directoryOf('http://authority.example/dir')).toThrow(
    expect.objectContaining({ code: 'usage.acme-directory' }),
  );
});
