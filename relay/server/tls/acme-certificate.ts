import { X509Certificate } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nodeFiles, writeDurably } from '../../storage/files.ts';
import type { AcmeOptions } from './acme-options.ts';
import { type Certificate, pairOf } from './pair.ts';

const [certName, keyName, accountName] = ['acme-cert.pem', 'acme-key.pem', 'acme-account.pem'];

/** The certificate of an authority that a relay keeps in its folder, and renews. */
export class AcmeCertificate {
  readonly #options: AcmeOptions;
  readonly #folder: string;
  readonly #poll: number | undefined;
  #expiry = { from: 0, to: 0 };

  /** `poll` is how many milliseconds are waited between two questions to the authority. */
  constructor(options: AcmeOptions, folder: string, poll?: number) {
    this.#options = options;
    this.#folder = folder;
    this.#poll = poll;
  }

  /** The certificate in the folder, or a new one where there is none that still holds. Throws as `orderCertificate`. */
  async open(now: number): Promise<Certificate> {
    const kept = await this.#kept();
    if (kept === null) return this.renew();
    this.#note(kept);
    return now < this.#expiry.to ? kept : this.renew();
  }

  /** True in the last third of the certificate's time, in which authorities want it renewed. */
  isDue(now: number): boolean {
    const { from, to } = this.#expiry;
    return now >= to - (to - from) / 3;
  }

  /** Orders a new certificate, and keeps it in the folder. Throws as `orderCertificate`. */
  async renew(): Promise<Certificate> {
    // Only a relay that needs a certificate loads the client.
    const { newAccountKey, orderCertificate } = await import('./acme-order.ts');
    const accountKey = await this.#accountKey(newAccountKey);
    const made = await orderCertificate(this.#options, accountKey, this.#poll);
    const pair = pairOf(this.#mark + made.cert, made.key);
    await this.#write(keyName, pair.key, true);
    await this.#write(certName, pair.cert, false);
    this.#note(pair);
    return pair;
  }

  /** The first line of the certificate: that of another name or authority is not used. */
  get #mark(): string {
    return `# For ${this.#options.host} by ${this.#options.directory}\n`;
  }

  #note({ cert }: Certificate): void {
    const { validFromDate, validToDate } = new X509Certificate(cert);
    this.#expiry = { from: validFromDate.getTime(), to: validToDate.getTime() };
  }

  /** Null where there is none, where a crash left a key without its certificate, and for another name's or authority's. */
  async #kept(): Promise<Certificate | null> {
    try {
      const [cert, key] = await Promise.all([certName, keyName].map((name) => this.#read(name)));
      return cert?.startsWith(this.#mark) && key !== undefined ? pairOf(cert, key) : null;
    } catch {
      return null;
    }
  }

  async #accountKey(make: () => Promise<string>): Promise<string> {
    const kept = await this.#read(accountName).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (kept !== null) return kept;
    const made = await make();
    await this.#write(accountName, made, true);
    return made;
  }

  #read(name: string): Promise<string> {
    return readFile(join(this.#folder, name), 'utf8');
  }

  async #write(name: string, text: string, secret: boolean): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await writeDurably(nodeFiles, this.#folder, name, new TextEncoder().encode(text), { secret });
  }
}
