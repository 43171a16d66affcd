import { Agent } from 'node:https';
import { connect } from 'node:tls';
import { TapestryError } from '../errors.ts';
import { connectionError, openMilliseconds } from './relay-errors.ts';

/**
 * Asks the server for its certificate and holds it to `fingerprint` (SHA-256 of its DER form, in hex, colons or not).
 * Nothing is sent over this connection; those of the agent it gives trust that certificate, whatever name it is for,
 * and no other.
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
            'Take the fingerprint from the relay itself. If they differ, something between here and there is not the relay.',
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
