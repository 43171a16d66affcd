import * as v from 'valibot';
import {
  type PresenterCommand,
  presenterNonceSchema,
  presenterProof,
  presenterScheme,
} from '../../../relay/wire/presenter.ts';

/** What became of a command: `not-now` where it makes no sense at present, `refused` where the secret is not this relay's. */
export type Outcome = 'done' | 'not-now' | 'gone' | 'refused' | 'unreachable';

const outcomes: Readonly<Record<number, Outcome>> = {
  200: 'done',
  404: 'gone',
  409: 'not-now',
  401: 'refused',
};

/** Sends the presenter's commands to the relay, each proved with the secret, which itself is never sent. */
export class PresenterClient {
  readonly #secret: string;
  readonly #ask: (request: RequestInit) => Promise<Response>;

  /** `ask` sends a request to `api/presenter`. */
  constructor(secret: string, ask: (request: RequestInit) => Promise<Response>) {
    this.#secret = secret;
    this.#ask = ask;
  }

  async act(command: PresenterCommand): Promise<Outcome> {
    const body = JSON.stringify(command);
    try {
      let { nonce } = await nonceOf(await this.#ask({ method: 'GET' }));
      // Another presenter's command may have used the nonce up in between.
      for (let attempt = 0; attempt < 2; attempt++) {
        const authorization = `${presenterScheme} ${presenterProof(this.#secret, nonce, body)}`;
        const answer = await this.#ask({ method: 'POST', body, headers: { authorization } });
        if (answer.status !== 401) return outcomes[answer.status] ?? 'unreachable';
        ({ nonce } = await nonceOf(answer));
      }
      return 'refused';
    } catch {
      return 'unreachable';
    }
  }
}

async function nonceOf(answer: Response) {
  return v.parse(presenterNonceSchema, await answer.json());
}
