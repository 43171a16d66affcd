import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { TapestryError } from '../client/errors.ts';

export type TlsOption = 'off' | 'auto' | { readonly cert: string; readonly key: string };

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the certificate, as browsers show it: what people compare when they accept one that no one signed. */
  readonly fingerprint: string;
}

const day = 24 * 60 * 60 * 1000;
/** The longest life that browsers accept of a certificate. */
const life = 397 * day;

/**
 * The relay's certificate: none, the operator's files, or one of its own making, kept in the relay's folder so that
 * people accept it once. That one is made anew when it is about to end or does not name all of this machine.
 * @throws TapestryError `relay.tls-files` where the operator's files cannot be read or do not belong together
 */
export async function certificateFor(
  option: TlsOption,
  folder: string,
  host: string,
  now: number,
): Promise<Certificate | null> {
  if (option === 'off') return null;
  if (option === 'auto') return own(folder, namesOfThisMachine(host), now);
  try {
    return await filesOf(option.cert, option.key);
  } catch (cause) {
    throw new TapestryError(
      'relay.tls-files',
      `The certificate ${option.cert} with the key ${option.key} cannot be used: ${reason(cause)}.`,
      'Pass a PEM certificate and its PEM key (--tls cert.pem,key.pem), or --tls auto.',
      { cause },
    );
  }
}

async function own(folder: string, names: readonly string[], now: number): Promise<Certificate> {
  const certFile = join(folder, 'tls-cert.pem');
  const keyFile = join(folder, 'tls-key.pem');
  const kept = await filesOf(certFile, keyFile).catch(() => null);
  if (kept !== null && serves(new X509Certificate(kept.cert), names, now)) return kept;
  const made = await generate([{ name: 'commonName', value: 'Tapestry relay' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - day),
    notAfterDate: new Date(now - day + life),
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: names.map((name) => (isIP(name) ? { type: 7, ip: name } : { type: 2, value: name })),
      },
    ],
  });
  await mkdir(folder, { recursive: true });
  await writeFile(keyFile, made.private, { mode: 0o600 });
  await writeFile(certFile, made.cert);
  return certificate(made.cert, made.private);
}

async function filesOf(certFile: string, keyFile: string): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return certificate(cert, key);
}

function certificate(cert: string, key: string): Certificate {
  const x509 = new X509Certificate(cert);
  if (!x509.checkPrivateKey(createPrivateKey(key))) throw new Error('the key belongs to another certificate');
  return { cert, key, fingerprint: x509.fingerprint256 };
}

function serves(x509: X509Certificate, names: readonly string[], now: number): boolean {
  const named = names.every((name) => (isIP(name) ? x509.checkIP(name) : x509.checkHost(name)) !== undefined);
  return named && x509.validFromDate.getTime() <= now && x509.validToDate.getTime() > now + 30 * day;
}

/** Every name that a browser on this machine or beside it may use for it. */
function namesOfThisMachine(host: string): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = addresses.filter(({ scopeid }) => !scopeid).map(({ address }) => address);
  const given = host === '0.0.0.0' || host === '::' ? [] : [host];
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...reachable, ...given])];
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
