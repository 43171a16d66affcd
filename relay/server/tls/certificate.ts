import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { TapestryError } from '../../../client/errors.ts';
import { nodeFiles, writeDurably } from '../../storage/files.ts';
import type { AcmeOptions } from './acme-options.ts';
import { type Certificate, pairOf } from './pair.ts';

/** A certificate of one's own, files, or one that an authority gives by ACME. */
export type TlsOption =
  | 'off'
  | 'auto'
  | { readonly cert: string; readonly key: string }
  | { readonly acme: AcmeOptions };

const day = 24 * 60 * 60 * 1000;
/** The longest validity of a certificate that browsers accept, in milliseconds. */
const life = 397 * day;

/** The first line of the files that the relay makes: what lacks it is somebody else's, and is never replaced. */
const mark = '# Made by Tapestry, which replaces this file when it is out of date.\n';

/**
 * The relay's certificate, if it is not that of an authority: none, the operator's files, or a self-signed one. The relay keeps a
 * self-signed certificate in its folder, so that people accept it once, and replaces it when it is about to expire or lacks a name
 * of this machine.
 * @throws TapestryError `relay.tls-files` if the operator's files cannot be read or do not belong together, or the place of the
 * self-signed one is taken
 */
export async function certificateFor(
  option: Exclude<TlsOption, { readonly acme: AcmeOptions }>,
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
  const [certName, keyName] = ['tls-cert.pem', 'tls-key.pem'];
  const kept = await filesOf(join(folder, certName), join(folder, keyName)).catch(() => null);
  if (kept !== null && serves(new X509Certificate(kept.cert), names, now)) return kept;
  for (const name of [certName, keyName]) await requireOwn(folder, name);
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
  const encoder = new TextEncoder();
  const [cert, key] = [mark + made.cert, mark + made.private];
  await writeDurably(nodeFiles, folder, keyName, encoder.encode(key), { secret: true });
  await writeDurably(nodeFiles, folder, certName, encoder.encode(cert));
  return pairOf(cert, key);
}

/** Throws `relay.tls-files` for a file without the relay's mark. */
async function requireOwn(folder: string, name: string): Promise<void> {
  const path = join(folder, name);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) =>
    error.code === 'ENOENT' ? mark : '',
  );
  if (text.startsWith(mark)) return;
  throw new TapestryError(
    'relay.tls-files',
    `${path} is not a file that Tapestry made for this machine, so it is not replaced.`,
    'Pass a certificate and its key as --tls cert.pem,key.pem, or move both files of --tls auto to another place.',
  );
}

async function filesOf(certFile: string, keyFile: string): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(certFile, 'utf8'), readFile(keyFile, 'utf8')]);
  return pairOf(cert, key);
}

function serves(x509: X509Certificate, names: readonly string[], now: number): boolean {
  const named = names.every((name) => (isIP(name) ? x509.checkIP(name) : x509.checkHost(name)) !== undefined);
  return named && x509.validFromDate.getTime() <= now && x509.validToDate.getTime() > now + 30 * day;
}

/** Every name that a browser on this machine or on its network may use for it. */
function namesOfThisMachine(host: string): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const reachable = addresses.filter(({ scopeid }) => !scopeid).map(({ address }) => address);
  const given = host === '0.0.0.0' || host === '::' ? [] : [host];
  return [...new Set(['localhost', '127.0.0.1', '::1', hostname(), ...reachable, ...given])];
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
