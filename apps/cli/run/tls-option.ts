import { TapestryError } from '../../../client/errors.ts';
import type { TlsOption } from '../../../relay/server/tls.ts';

/** What --tls asks for. Throws `usage.tls`. */
export function tlsOf(how: string): TlsOption {
  if (how === 'off' || how === 'auto') return how;
  const [cert, key, more] = how.split(',');
  if (cert && key && more === undefined) return { cert, key };
  throw new TapestryError(
    'usage.tls',
    `--tls ${how} is none of off, auto and cert.pem,key.pem.`,
    'Use one of these.',
  );
}
