import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import * as x509 from '@peculiar/x509';
import * as v from 'valibot';
import { type Jwk, readRequest, type SignedRequest, thumbprintOf } from './signed-request.ts';

const day = 86_400_000;
const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const orderSchema = v.object({
  identifiers: v.tuple([v.object({ type: v.literal('dns'), value: v.string() })]),
});
const csrSchema = v.object({ csr: v.string() });
const accountSchema = v.object({
  termsOfServiceAgreed: v.literal(true),
  contact: v.optional(v.array(v.string())),
});

/** A problem that the authority tells instead of going on. */
export interface Refusal {
  /** Where: at a new order, or at the challenge. */
  readonly at: 'order' | 'challenge';
  readonly type: string;
  readonly detail: string;
}

interface Order {
  readonly host: string;
  readonly account: string;
  readonly token: string;
  status: 'pending' | 'ready' | 'valid' | 'invalid';
  error: object | null;
  certificate: string | null;
}

class Problem extends Error {
  readonly status: number;
  readonly type: string;
  constructor(type: string, detail: string, status = 400) {
    super(detail);
    this.type = type;
    this.status = status;
  }
}

/** A certificate authority with the parts of RFC 8555 that a relay needs. It checks signatures, nonces and challenges, and signs. */
export class Authority {
  readonly url: string;
  /** Its own certificate, PEM, which clients must trust. */
  readonly root: string;
  /** The contacts of the accounts. */
  readonly contacts: (readonly string[])[] = [];
  /** How many certificates it signed. */
  signed = 0;
  /** How often it refused. */
  refused = 0;
  refusal: Refusal | null = null;
  readonly #accounts = new Map<string, Jwk>();
  readonly #orders: Order[] = [];
  readonly #nonces = new Set<string>();
  readonly #keys: CryptoKeyPair;
  readonly #now: () => number;
  readonly #challengePort: number;
  readonly close: () => void;

  private constructor(
    { url, close }: { url: string; close: () => void },
    { root, keys }: { root: string; keys: CryptoKeyPair },
    { now, challengePort }: { now: () => number; challengePort: number },
  ) {
    this.url = url;
    this.close = close;
    this.root = root;
    this.#keys = keys;
    this.#now = now;
    this.#challengePort = challengePort;
  }

  static async start(options: { now: () => number; challengePort: number }): Promise<Authority> {
    let authority: Authority | null = null;
    const server = createServer((request, response) => void authority?.answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const own = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=Test authority',
      keys,
      notBefore: new Date(options.now() - day),
      notAfter: new Date(options.now() + 3650 * day),
      signingAlgorithm: algorithm,
      extensions: [new x509.BasicConstraintsExtension(true, 0, true)],
    });
    const close = () => {
      server.close();
      server.closeAllConnections();
    };
    authority = new Authority(
      { url: `http://127.0.0.1:${port}`, close },
      { root: own.toString('pem'), keys },
      options,
    );
    return authority;
  }

  async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const nonce = randomBytes(12).toString('base64url');
    this.#nonces.add(nonce);
    response.setHeader('replay-nonce', nonce);
    const path = request.url ?? '';
    const send = (status: number, body: object | string) => {
      response.writeHead(status, {
        'content-type': typeof body === 'string' ? 'application/pem-certificate-chain' : 'application/json',
      });
      response.end(typeof body === 'string' ? body : JSON.stringify(body));
    };
    try {
      if (path === '/directory') return send(200, this.#directory());
      if (path === '/nonce') return send(200, {});
      const { status = 200, body, location } = await this.#act(path, readRequest(await text(request)));
      if (location !== undefined) response.setHeader('location', location);
      send(status, body);
    } catch (error) {
      const { type = 'malformed', status = 400, message = '' } = error instanceof Problem ? error : {};
      send(status, { type: `urn:ietf:params:acme:error:${type}`, detail: message || String(error), status });
    }
  }

  #directory(): object {
    const { url } = this;
    return {
      ...{ newNonce: `${url}/nonce`, newAccount: `${url}/account`, newOrder: `${url}/order` },
      meta: { termsOfService: 'https://authority.example/terms' },
    };
  }

  async #act(
    path: string,
    request: SignedRequest,
  ): Promise<{ status?: number; body: object | string; location?: string }> {
    const { header, payload } = request;
    if (!this.#nonces.delete(header.nonce)) throw new Problem('badNonce', 'an unknown nonce');
    const key = header.jwk ?? this.#accounts.get(header.kid ?? '');
    if (key === undefined || header.url !== this.url + path || !request.isSignedBy(key))
      throw new Problem('unauthorized', 'the signature does not hold', 401);
    const location = `${this.url}/account/${thumbprintOf(key)}`;
    if (path === '/account') {
      this.contacts.push(v.parse(accountSchema, payload).contact ?? []);
      this.#accounts.set(location, key);
      return { status: 201, body: { status: 'valid' }, location };
    }
    if (path === '/order') return this.#newOrder(payload, location);
    const [, what = '', number = ''] = path.split('/');
    const order = this.#orders[Number(number)];
    if (order?.account !== location) throw new Problem('unauthorized', 'the order of another account', 403);
    if (what === 'orders') return { body: this.#orderBody(order) };
    if (what === 'authorization') return { body: this.#authorizationBody(order) };
    if (what === 'challenge') {
      if (payload !== null && order.status === 'pending') await this.#validate(order, thumbprintOf(key));
      return { body: this.#challengeBody(order) };
    }
    if (what === 'finalize') {
      await this.#finalize(order, v.parse(csrSchema, payload).csr);
      return { body: this.#orderBody(order), location: `${this.url}/orders/${number}` };
    }
    if (order.certificate === null) throw new Problem('orderNotReady', 'no certificate yet', 403);
    return { body: order.certificate };
  }

  #newOrder(payload: unknown, account: string) {
    this.#refuseAt('order');
    const [{ value: host }] = v.parse(orderSchema, payload).identifiers;
    const token = randomBytes(24).toString('base64url');
    const order: Order = { host, account, token, status: 'pending', error: null, certificate: null };
    const number = this.#orders.push(order) - 1;
    return { status: 201, body: this.#orderBody(order), location: `${this.url}/orders/${number}` };
  }

  /** Asks the challenge's port of this machine, whatever the name is. */
  async #validate(order: Order, thumbprint: string): Promise<void> {
    try {
      this.#refuseAt('challenge');
      const address = `http://127.0.0.1:${this.#challengePort}/.well-known/acme-challenge/${order.token}`;
      const answer = await fetch(address).catch((error: unknown) => {
        throw new Problem('connection', `Fetching ${address}: ${String(error)}`);
      });
      if ((await answer.text()) !== `${order.token}.${thumbprint}`)
        throw new Problem('unauthorized', 'the answer is another');
      order.status = 'ready';
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      order.status = 'invalid';
      order.error = { type: `urn:ietf:params:acme:error:${error.type}`, detail: error.message };
    }
  }

  async #finalize(order: Order, csr: string): Promise<void> {
    const request = new x509.Pkcs10CertificateRequest(Buffer.from(csr, 'base64url'));
    const asked = request.extensions.find((one) => one instanceof x509.SubjectAlternativeNameExtension);
    const names = asked?.names.toJSON();
    const isRight = names?.length === 1 && names[0]?.type === 'dns' && names[0].value === order.host;
    if (order.status !== 'ready' || !isRight || !(await request.verify()))
      throw new Problem('badCSR', 'the request is not for this order');
    const certificate = await x509.X509CertificateGenerator.create({
      serialNumber: randomBytes(8).toString('hex'),
      subject: `CN=${order.host}`,
      issuer: 'CN=Test authority',
      notBefore: new Date(this.#now()),
      notAfter: new Date(this.#now() + 90 * day),
      publicKey: request.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: order.host }])],
    });
    order.certificate = `${certificate.toString('pem')}\n${this.root}\n`;
    order.status = 'valid';
    this.signed++;
  }

  #orderBody(order: Order): object {
    const number = this.#orders.indexOf(order);
    return {
      status: order.status,
      identifiers: [{ type: 'dns', value: order.host }],
      authorizations: [`${this.url}/authorization/${number}`],
      finalize: `${this.url}/finalize/${number}`,
      ...(order.certificate !== null && { certificate: `${this.url}/certificate/${number}` }),
    };
  }

  #authorizationBody(order: Order): object {
    const status = order.status === 'ready' ? 'valid' : order.status;
    return {
      status,
      identifier: { type: 'dns', value: order.host },
      challenges: [this.#challengeBody(order)],
    };
  }

  #challengeBody(order: Order): object {
    const number = this.#orders.indexOf(order);
    const status = order.status === 'ready' ? 'valid' : order.status;
    const body = { type: 'http-01', url: `${this.url}/challenge/${number}`, token: order.token, status };
    return order.error === null ? body : { ...body, error: order.error };
  }

  #refuseAt(place: Refusal['at']): void {
    if (this.refusal?.at !== place) return;
    const { type, detail } = this.refusal;
    this.refused++;
    throw new Problem(type, detail, type === 'rateLimited' ? 429 : 400);
  }
}
