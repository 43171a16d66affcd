import { createPrivateKey, X509Certificate } from 'node:crypto';

export interface Certificate {
  /** PEM. */
  readonly cert: string;
  readonly key: string;
  /** SHA-256 of the certificate in the form that browsers show: people compare it when they accept a self-signed one. */
  readonly fingerprint: string;
}

/** A certificate and its key, PEM. Throws if they do not belong together. */
export function pairOf(cert: string, key: string): Certificate {
  const x509 = new X509Certificate(cert);
  if (!x509.checkPrivateKey(createPrivateKey(key))) throw new Error('the key belongs to another certificate');
  return { cert, key, fingerprint: x509.fingerprint256 };
}
