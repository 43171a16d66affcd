import { networkInterfaces } from 'node:os';
import { renderUnicodeCompact } from 'uqr';
import { isLoopback } from '../../../relay/server/http/names.ts';
import type { Relay } from '../../../relay/server/server.ts';
import { fingerprintWords } from '../../../relay/wire/certificate/fingerprint-words.ts';
import { colour } from '../terminal/output.ts';
import { shellWord } from '../terminal/terminal-text.ts';
import { fingerprintOf, shortFingerprint } from './fingerprint.ts';
import type { PresenterSecret } from './joining/presenter.ts';
import { joinLink } from './relay-address.ts';

/** Rows that the progress below takes. */
const panelRows = 8;

/**
 * How others join a relay that listens on `host`: what to open or type, and a QR code for phones. Behind a proxy the
 * relay's own certificate is not the one that people see. Links begin where a page tells of that certificate, if there is one; the
 * presenter's does not, because that page is not encrypted and the secret steers the run.
 */
export function invitation(
  relay: Pick<Relay, 'url' | 'publicUrl' | 'entryUrl' | 'fingerprint'>,
  host: string,
  token: string | undefined,
  presenter?: PresenterSecret,
): {
  fact: {
    contribute: string;
    link: string;
    dashboard: string;
    presenter?: string;
    fingerprint: string | null;
    fingerprintWords: string | null;
  };
  /** `rows` is the height of the terminal: a QR code that would push the addresses out of sight is left out; 0 for none. */
  text: (rows: number) => string;
} {
  const url = relay.publicUrl;
  const behindProxy = url !== relay.url;
  const fingerprint = behindProxy ? null : relay.fingerprint;
  const words = fingerprint === null ? null : fingerprintWords(fingerprintOf(fingerprint));
  const tab = joinLink(relay.entryUrl, token, null);
  const link = joinLink(relay.entryUrl, token, fingerprint);
  const dashboard = new URL('dashboard', relay.entryUrl).href;
  const steering = presenter === undefined ? null : presenterLink(url, token, presenter.secret, fingerprint);
  const lines = [
    `${colour('bold', 'Dashboard')}  ${dashboard}`,
    ...(steering === null ? [] : [`${colour('bold', 'Presenter')}  ${steering}  (for you alone)`]),
    `${colour('bold', 'Tab')}        ${tab}`,
    `${colour('bold', 'Node')}       npx tapestry join ${shellWord(link)} --corpus Romance`,
    `${colour('bold', 'Deno')}       see "npx tapestry join --help"`,
  ];
  if (fingerprint !== null)
    lines.push(
      `The certificate's SHA-256, to compare when a browser asks: ${fingerprint}`,
      `In four words, which nodes, the presenter's dashboard and the page before the browser's warning show too: ${words}`,
    );
  else if (url.protocol === 'http:' && !isLoopback(url.hostname))
    lines.push('Browsers give WebGPU to secure origins only: for tabs on other machines add --tls auto.');
  const everywhere = host === '0.0.0.0' || host === '::';
  const elsewhere = everywhere && !behindProxy ? otherAddresses(url.hostname) : [];
  if (elsewhere.length > 0) lines.push(`Also at: ${elsewhere.join(', ')}`);
  if (presenter?.isGiven === false)
    lines.push('The presenter’s secret is new at each start; --presenter-secret keeps one.');
  if (token !== undefined) lines.push('Anyone with one of these links can join: they end in the token.');
  const code = renderUnicodeCompact(link);
  return {
    fact: {
      contribute: tab,
      link,
      dashboard,
      ...(steering === null ? {} : { presenter: steering }),
      fingerprint,
      fingerprintWords: words,
    },
    text: (rows) => {
      const fits = lines.length + code.split('\n').length + panelRows <= rows;
      return [...lines, ...(fits ? [code] : [])].join('\n');
    },
  };
}

/** The dashboard of whoever holds the presenter's secret; its join code has the token, and the fingerprint of the relay's own certificate. */
function presenterLink(
  url: URL,
  token: string | undefined,
  presenter: string,
  fingerprint: string | null,
): string {
  const link = new URL('dashboard', url);
  link.hash = new URLSearchParams({
    ...(token === undefined ? {} : { token }),
    presenter,
    ...(fingerprint === null ? {} : { fingerprint: shortFingerprint(fingerprint) }),
  }).toString();
  return link.href;
}

/** This machine's other addresses that machines beside it may reach. */
function otherAddresses(shown: string): string[] {
  return Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, family, address }) => !internal && family === 'IPv4' && address !== shown)
    .map(({ address }) => address);
}
