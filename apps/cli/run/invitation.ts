import { networkInterfaces } from 'node:os';
import { renderUnicodeCompact } from 'uqr';
import { isLoopback } from '../../../relay/server/http/names.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { colour } from '../terminal/output.ts';

/**
 * How others join a relay that listens on `host`: what to open or type, and a QR code for phones. Behind a proxy the
 * relay's own certificate is not the one that people see.
 */
export function invitation(
  relay: Pick<Relay, 'url' | 'publicUrl' | 'fingerprint'>,
  host: string,
  token: string | undefined,
): {
  fact: { contribute: string; dashboard: string; fingerprint: string | null };
  text: (qr: boolean) => string;
} {
  const url = relay.publicUrl;
  const behindProxy = url !== relay.url;
  const fingerprint = behindProxy ? null : relay.fingerprint;
  // The fragment stays in the browser: it reaches neither the relay's log nor a proxy's.
  const tab = token === undefined ? url.href : `${url.href}#token=${encodeURIComponent(token)}`;
  const dashboard = new URL('dashboard', url).href;
  const trust = fingerprint === null ? '' : ` --fingerprint ${fingerprint}`;
  const proof = token === undefined ? '' : ' --token-file token.txt';
  const lines = [
    `${colour('bold', 'Dashboard')}  ${dashboard}`,
    `${colour('bold', 'Tab')}        ${tab}`,
    `${colour('bold', 'Node')}       npm run tapestry -- join ${url.href} --corpus Romance${proof}${trust}`,
    `${colour('bold', 'Deno')}       see "npm run tapestry -- join --help"`,
  ];
  if (fingerprint !== null)
    lines.push(`The certificate's SHA-256, to compare when a browser asks: ${fingerprint}`);
  else if (url.protocol === 'http:' && !isLoopback(url.hostname))
    lines.push('Browsers give WebGPU to secure origins only: for tabs on other machines add --tls auto.');
  const everywhere = host === '0.0.0.0' || host === '::';
  const elsewhere = everywhere && !behindProxy ? otherAddresses(url.hostname) : [];
  if (elsewhere.length > 0) lines.push(`Also at: ${elsewhere.join(', ')}`);
  if (token !== undefined) lines.push("Anyone with the tab's address can join: it ends in the token.");
  return {
    fact: { contribute: tab, dashboard, fingerprint },
    text: (qr) => [...lines, ...(qr ? [renderUnicodeCompact(tab)] : [])].join('\n'),
  };
}

/** This machine's other addresses that machines beside it may reach. */
function otherAddresses(shown: string): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family, address }) => !internal && family === 'IPv4' && address !== shown)
    .map(({ address }) => address);
}
