import type { Command } from 'commander';
import { TapestryError } from '../../../../client/errors.ts';
import { usualDirectory } from '../../../../relay/server/tls/acme-options.ts';
import type { TlsOption } from '../../../../relay/server/tls/certificate.ts';
import { whole } from '../../options.ts';

export interface TlsFlags {
  readonly tls: string;
  readonly acmeAgree: boolean;
  readonly acmeEmail?: string;
  readonly acmeDirectory: string;
  readonly acmePort: number;
}

/** The options of a relay's certificate. */
export function withTlsFlags(command: Command): Command {
  return command
    .option(
      '--tls <how>',
      'off, auto (a certificate of its own), acme:NAME (one that an authority gives for this name) or cert.pem,key.pem',
      'off',
    )
    .option('--acme-agree', 'you agree to the terms of the authority that gives the certificate', false)
    .option('--acme-email <address>', 'where that authority tells you of problems')
    .option('--acme-directory <url>', 'another authority than Let’s Encrypt', directoryOf, usualDirectory)
    .option('--acme-port <port>', 'the port that the authority reaches as port 80', whole(1, 65_535), 80);
}

/** What --tls asks for. Throws `usage.tls`. */
export function tlsOf({ tls: how, acmeAgree, acmeEmail, acmeDirectory, acmePort }: TlsFlags): TlsOption {
  if (how === 'off' || how === 'auto') return how;
  if (how.startsWith('acme:')) {
    const host = nameOf(how.slice('acme:'.length));
    const email = acmeEmail === undefined ? {} : { email: acmeEmail };
    return { acme: { host, directory: acmeDirectory, agreed: acmeAgree, challengePort: acmePort, ...email } };
  }
  const [cert, key, more] = how.split(',');
  if (cert && key && more === undefined) return { cert, key };
  throw new TapestryError(
    'usage.tls',
    `--tls ${how} is none of off, auto, acme:NAME and cert.pem,key.pem.`,
    'Use one of these.',
  );
}

/** The address that people open of a relay with the certificate of an authority. */
export function addressOf(tls: TlsOption, port: number): URL | undefined {
  if (typeof tls === 'string' || !('acme' in tls) || port === 0) return undefined;
  return new URL(`https://${tls.acme.host}:${port}/`);
}

/** A host name with a dot: no authority gives a certificate for an address or a name of one word. */
function nameOf(name: string): string {
  const host = URL.parse(`https://${name}/`)?.hostname;
  if (host === name.toLowerCase() && /^(?=.{4,253}$)(?:[a-z\d-]{1,63}\.)+[a-z][a-z\d-]{1,62}$/.test(host))
    return host;
  throw new TapestryError(
    'usage.tls',
    `--tls acme:${name} names no host that an authority gives certificates for.`,
    'Give the name of this machine on the internet, such as --tls acme:relay.example.org.',
  );
}

/** The account's key goes over this connection. Throws `usage.acme-directory`. */
function directoryOf(text: string): string {
  const url = URL.parse(text);
  const isHere = url?.protocol === 'http:' && /^(localhost|127\.[\d.]+|\[::1\])$/.test(url.hostname);
  if (url?.protocol === 'https:' || isHere) return url.href;
  throw new TapestryError(
    'usage.acme-directory',
    `${text} is not the address of an authority’s directory.`,
    'Give an https address, such as https://acme-staging-v02.api.letsencrypt.org/directory.',
  );
}
