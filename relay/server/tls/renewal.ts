import { TapestryError } from '../../../client/errors.ts';
import type { Logger } from '../log.ts';
import type { AcmeCertificate } from './acme-certificate.ts';
import type { Certificate } from './pair.ts';

/** Renews a relay's certificate while it serves. One that fails is tried again at the next look; what is served stays. */
export class Renewal {
  readonly #kept: AcmeCertificate;
  readonly #install: (certificate: Certificate) => void;
  readonly #log: Logger;
  #isBusy = false;

  constructor(kept: AcmeCertificate, install: (certificate: Certificate) => void, log: Logger) {
    this.#kept = kept;
    this.#install = install;
    this.#log = log;
  }

  /** Renews the certificate if it is time to. */
  async look(now: number): Promise<void> {
    if (this.#isBusy || !this.#kept.isDue(now)) return;
    this.#isBusy = true;
    try {
      this.#install(await this.#kept.renew());
      this.#log.info({}, 'the certificate was renewed');
    } catch (error) {
      const next = error instanceof TapestryError ? { code: error.code, next: error.next } : {};
      this.#log.error({ err: error, ...next }, 'the certificate was not renewed');
    } finally {
      this.#isBusy = false;
    }
  }
}
