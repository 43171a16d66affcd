import { Agent } from 'node:https';
import { connect } from 'node:tls';
import { TapestryError } from '../../errors.ts';
import { connectionError, openMilliseconds } from '../relay-errors.ts';

/**
 * Gets the server's certificate and compares it with `fingerprint` (SHA-256 of its DER form, in hex, with or without
 * colons). Nothing is sent over this connection. The returned agent trusts only that certificate, for any host name.
 * @throws TapestryError `relay.tls` for any other certificate, `relay.unreachable`
 */
export function pinnedAgent(url: URL, fingerprint: string): Promise<Agent> {
  const wanted = fingerprint.replaceAll(':', '').toLowerCase();
  return new Promise((resolve, reject) => {
    const port = Number(url.port) || 443;
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const socket = connect({ host, port, rejectUnauthorized: false, timeout: openMilliseconds }, () => {
      const certificate = socket.getPeerX509Certificate();
      socket.destroy();
      const found = certificate?.fingerprint256.replaceAll(':', '').toLowerCase();
      if (certificate === undefined || found !== wanted) {
        reject(
          new TapestryError(
            'relay.tls',
            `The certificate of ${url.host} has another fingerprint: ${found ?? 'none'}.`,
            'Copy the fingerprint from the relay itself. If it still differs, another server answers in place of the relay.',
          ),
        );
        return;
      }
      resolve(new Agent({ ca: certificate.toString(), checkServerIdentity: () => undefined }));
    });
    socket.on('timeout', () => socket.destroy(new Error('no answer')));
    socket.on('error', (error: Error & { code?: string }) =>
      reject(connectionError(url, error.code ?? error.message, error)),
    );
  });
}
