import { mkdir } from 'node:fs/promises';
import type { Server } from 'node:http';
import { isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { TapestryError } from '../../client/errors.ts';
import { type Clock, systemClock } from '../run/clock.ts';
import type { Evaluate } from '../run/guard/guard.ts';
import { disk, type Environment } from '../run/open-run.ts';
import { type NewRun, Run } from '../run/run.ts';
import type { Upstream } from '../run/upstream/upstream.ts';
import { withScheme } from '../wire/certificate/with-scheme.ts';
import type { WholeManifest } from '../wire/frames.ts';
import type { Hash } from '../wire/hex.ts';
import type { RelayStatus } from '../wire/status.ts';
import { Budget } from './budget/budget.ts';
import {
  answerRequests,
  answerUpgrades,
  httpServer,
  listen,
  turnEveryoneAway,
  useCertificate,
} from './http/http-server.ts';
import { isLoopback, type RelayNames } from './http/names.ts';
import { Pages } from './http/pages.ts';
import { routes } from './http/routes.ts';
import { guardSockets, type Sockets } from './http/sockets.ts';
import { type ProxyAddress, TrustedProxies } from './http/trusted-proxies.ts';
import { Hub } from './hub.ts';
import { type Invitation, Invitations } from './invitations.ts';
import { defaultLimits, type RelayLimits } from './limits.ts';
import type { Logger } from './log.ts';
import { watchLoop } from './loop-monitor.ts';
import { Metrics } from './metrics.ts';
import { splitByFirstByte } from './plain/first-byte.ts';
import { type PlainPages, plainServer } from './plain/plain-server.ts';
import { Room, type Speaker } from './speech/room.ts';
import { currentStatus } from './status/current-status.ts';
import { RoundView } from './status/round-view.ts';
import { StatusView } from './status/status-view.ts';
import { AcmeCertificate } from './tls/acme-certificate.ts';
import { certificateFor, type TlsOption } from './tls/certificate.ts';
import type { Certificate } from './tls/pair.ts';
import { Renewal } from './tls/renewal.ts';
import { FetchConnections } from './transport/fetch-connections.ts';

export interface RelayOptions {
  /** The run's folder: journal, blobs, keys. */
  readonly folder: string;
  /** The address to listen on. Only this machine can reach 127.0.0.1; any other address needs a `token`. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly tls: TlsOption;
  readonly token?: string;
  /** Further join tokens; each admits so many nodes. `token` admits as many as the run has room for, or `tokenSeats`. */
  readonly invitations?: readonly Invitation[];
  readonly tokenSeats?: number;
  /** The presenter's secret: rounds then wait until whoever holds it starts the run. */
  readonly presenter?: string;
  /**
   * The public address of a relay behind a proxy, which may end TLS, have another name and serve the relay below a path. Its
   * path ends in a slash. If other machines can reach it, the relay needs a `token`.
   */
  readonly publicUrl?: URL;
  /** Proxies on other machines, whose X-Forwarded-For is believed. One on this machine is known by the `publicUrl`. */
  readonly trustedProxies?: readonly ProxyAddress[];
  /** Folder of the built pages; null to serve none. */
  readonly pages: string | null;
  /**
   * The page of a relay with a self-signed certificate, by its fingerprint: its port gives it to who asks by plain HTTP, before the
   * browser warns of the certificate. Without it that port speaks TLS only.
   */
  readonly plainPages?: (fingerprint: string) => PlainPages;
  /** The run to create if the folder holds none. */
  readonly create?: NewRun;
  readonly limits?: Partial<RelayLimits>;
  /** Measures each base of a run that has a guard; such a run needs it. */
  readonly evaluate?: Evaluate;
  /** Where the relay computes; in this thread unless given. */
  readonly computeOf?: Environment['computeOf'];
  /** Default: the system's clock. */
  readonly clock?: Clock;
  readonly log: Logger;
}

/** A relay that is listening. */
export interface Relay {
  /** The address that the relay listens on. */
  readonly url: URL;
  /** The address for people to open: `RelayOptions.publicUrl`, else `url`. */
  readonly publicUrl: URL;
  readonly runId: Hash;
  readonly manifest: WholeManifest;
  /**
   * Where links lead people: to `publicUrl`, unless the relay's port also gives the page of `RelayOptions.plainPages`. Then it is the
   * same address with http.
   */
  readonly entryUrl: URL;
  /** SHA-256 of the certificate, to compare in a browser; null without TLS, and for one that an authority gave by ACME. */
  readonly fingerprint: string | null;
  status(): RelayStatus;
  /** Calls `listener` with each new status, at most one each 500 ms; returns a function that stops it. */
  watch(listener: (status: RelayStatus) => void): () => void;
  base(): Promise<{ round: number; hash: Hash; parameters: Float32Array<ArrayBuffer> }>;
  /** The bytes of a blob; null if there is none of this hash. */
  blob(hash: Hash): Promise<Uint8Array<ArrayBuffer> | null>;
  announceSample(sample: NonNullable<RelayStatus['sample']>): void;
  /** Lets the bases write for the room. */
  speak(speaker: Speaker): void;
  /** What joins the run to its upstream run. */
  readonly upstream: Upstream;
  /** Resolves once the last round is committed; immediately if it already is. */
  readonly complete: Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the run in `folder` and serves it. Listens on the port before anything is written to the run.
 * @throws TapestryError `relay.token-needed`, `relay.port-in-use`, `relay.cannot-listen`, `relay.tls-files`, `acme.*`, and those
 * of `Run.open`
 */
export async function startRelay(options: RelayOptions): Promise<Relay> {
  const { publicUrl = null, token, tokenSeats = Number.POSITIVE_INFINITY } = options;
  const invited = [...(token ? [{ token, seats: tokenSeats }] : []), ...(options.invitations ?? [])];
  const local = isLoopback(options.host);
  const reachable = [options.host, publicUrl?.hostname].find(
    (name) => name !== undefined && !isLoopback(name),
  );
  if (reachable !== undefined && invited.length === 0) {
    throw new TapestryError(
      'relay.token-needed',
      `A relay on ${reachable} can be reached from other machines, and without a join token anyone could join it.`,
      'Give a join token, by --token-file FILE or in the variable TAPESTRY_TOKEN, or leave --host and --public-url out to stay on this machine.',
    );
  }
  const limits = { ...defaultLimits, ...options.limits };
  const clock = options.clock ?? systemClock;
  await mkdir(options.folder, { recursive: true });
  const { certificate, kept } = await openCertificate(options, limits, clock);
  const server = httpServer(certificate, limits);
  const admit = turnEveryoneAway(server);
  const metrics = new Metrics();
  const names: RelayNames = { scheme: certificate === null ? 'http' : 'https', local, publicUrl };
  const budget = new Budget(limits, metrics, clock);
  const proxies = new TrustedProxies(options.trustedProxies ?? [], publicUrl);
  const selfSigned = options.tls === 'auto' ? certificate : null;
  const plain = selfSigned && options.plainPages?.(selfSigned.fingerprint);
  if (plain)
    splitByFirstByte(server, plainServer(plain, names, { limits, budget, proxies }), limits.handshake);
  const guarded = guardSockets(server, certificate !== null, proxies, { budget, metrics });
  const { host, port } = options;
  await listen(server, { host, port, backlog: limits.backlog }, options.log);
  try {
    const pages = await Pages.open(options.pages);
    const { evaluate, computeOf } = options;
    const hasPresenter = options.presenter !== undefined;
    const environment = {
      ...disk,
      limits,
      hasPresenter,
      ...(evaluate && { evaluate }),
      ...(computeOf && { computeOf }),
    };
    const run = await Run.open(options.folder, options.create, clock, environment);
    const invitations = new Invitations(invited, limits.seatsPerAddress);
    const prepared = {
      names,
      limits,
      clock,
      metrics,
      budget,
      invitations,
      certificate,
      plainEntry: Boolean(plain) && publicUrl === null,
      renewal: kept && new Renewal(kept, (renewed) => useCertificate(server, renewed), options.log),
      pages,
      admit,
      proxies,
      guarded,
    };
    try {
      return serve(server, run, options, prepared);
    } catch (error) {
      await run.close();
      throw error;
    }
  } catch (error) {
    server.close();
    guarded.destroy();
    throw error;
  }
}

/** The certificate to begin with, and that of an authority as it is kept. Throws as `AcmeCertificate` and `certificateFor`. */
async function openCertificate(
  { tls, folder, host }: RelayOptions,
  limits: RelayLimits,
  clock: Clock,
): Promise<{ certificate: Certificate | null; kept: AcmeCertificate | null }> {
  if (typeof tls === 'string' || !('acme' in tls))
    return { certificate: await certificateFor(tls, folder, host, clock.now()), kept: null };
  const kept = new AcmeCertificate(tls.acme, folder, limits.acmePoll);
  return { certificate: await kept.open(clock.now()), kept };
}

interface Prepared {
  readonly names: RelayNames;
  readonly limits: RelayLimits;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly budget: Budget;
  readonly invitations: Invitations;
  readonly certificate: Certificate | null;
  /** Links begin at the http address, whose page tells of the certificate. */
  readonly plainEntry: boolean;
  /** Renews the certificate, if it is that of an authority. */
  readonly renewal: Renewal | null;
  readonly pages: Pages;
  /** Ends the start-up phase, in which every request is answered 503. */
  readonly admit: () => void;
  readonly proxies: TrustedProxies;
  readonly guarded: Sockets;
}

function serve(server: Server, run: Run, options: RelayOptions, prepared: Prepared): Relay {
  const { clock, certificate, names, limits, plainEntry } = prepared;
  const { log } = options;
  const hub = new Hub({ ...prepared, run, log });
  let sample: RelayStatus['sample'] = null;
  let room: Room | null = null;
  const status = () => currentStatus(hub, names.publicUrl, { plainEntry, sample, room });
  const view = new StatusView({ status, limits, clock });
  const rounds = new RoundView(run);
  hub.onChange = () => view.changed();
  const complete = new Promise<void>((resolve) => {
    hub.onComplete = resolve;
    if (run.current().phase === 'complete') resolve();
  });
  const app = routes(hub, { view, rounds, room: () => room }, prepared.pages, options.presenter ?? null);
  prepared.admit();
  const nodes = new FetchConnections(hub, prepared.budget, prepared.guarded);
  answerRequests(server, app, names, nodes, prepared);
  const sockets = answerUpgrades(server, hub, names, prepared);
  const url = urlOf(server, names.scheme, options.host);
  const publicUrl = names.publicUrl ?? url;
  log.info({ url: url.href, run: run.id, fingerprint: certificate?.fingerprint }, 'the relay is listening');
  const ticking = setInterval(() => {
    hub.tick();
    view.tick(clock.elapsed());
    room?.tick();
  }, limits.tick);

  const look = () => void prepared.renewal?.look(clock.now());
  look();
  const looking = setInterval(look, limits.certificateLook);

  const unwatchLoop = watchLoop((lateness) => prepared.metrics.looked(lateness));

  let closing: Promise<void> | null = null;
  const close = async () => {
    clearInterval(ticking);
    clearInterval(looking);
    unwatchLoop();
    room?.close();
    server.close();
    await hub.close();
    sockets.close();
    prepared.guarded.destroy();
    await run.close();
  };
  return {
    url,
    publicUrl,
    entryUrl: plainEntry ? withScheme(url, 'http') : publicUrl,
    runId: run.id,
    manifest: run.manifest,
    // Nobody should pin a certificate that an authority gave: it changes every few weeks.
    fingerprint: prepared.renewal === null ? (certificate?.fingerprint ?? null) : null,
    status,
    watch: (listener) => view.watch(listener),
    base: () => run.base(),
    async blob(hash) {
      const opened = await run.openBlob(hash);
      return opened === null ? null : new Uint8Array(await new Response(opened.bytes).arrayBuffer());
    },
    upstream: run.upstream,
    announceSample(announced) {
      sample = announced;
      rounds.sampled(announced);
      view.changed();
    },
    speak(speaker) {
      room = new Room({
        speaker,
        isOpen: options.presenter !== undefined,
        clock,
        committed: () => run.history().length,
        changed: () => view.changed(),
      });
      view.changed();
    },
    complete,
    close: () => (closing ??= close()),
  };
}

/** The address that a relay listens on; if it listens on all of them, the first that other machines can reach. */
function urlOf(server: Server, scheme: string, host: string): URL {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const everywhere = host === '0.0.0.0' || host === '::';
  const outside = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal);
  const name = everywhere ? (outside?.address ?? 'localhost') : host;
  return new URL(`${scheme}://${isIPv6(name) ? `[${name}]` : name}:${port}/`);
}
