import * as acme from 'acme-client';
import { TapestryError } from '../../../client/errors.ts';
import type { AcmeOptions } from './acme-options.ts';
import { type AcmeProblem, acmeError, acmeProblemIn } from './acme-problem.ts';
import { openChallenges } from './challenges.ts';

/** Milliseconds after which a request to an authority is given up, and between two questions whether it has decided. */
const requestMilliseconds = 30_000;
const defaultPoll = 1_000;

// A relay that is told to wait a day must not wait: it tells its operator, and asks again at the next look.
Object.assign(acme.axios.defaults, {
  timeout: requestMilliseconds,
  acmeSettings: { retryMaxAttempts: 0, retryDefaultDelay: 1 },
});

/** A new key for the operator's account with an authority, PEM. */
export async function newAccountKey(): Promise<string> {
  return (await acme.crypto.createPrivateEcdsaKey()).toString();
}

/**
 * Orders a certificate. The authority asks this machine for a proof meanwhile, on port 80 of the name. Gives PEM: the
 * certificate with those that it was signed with, and its key.
 * @throws TapestryError `acme.terms`, `acme.port`, `acme.name`, `acme.unreachable`, `acme.limit`, `acme.refused`, `acme.directory`
 */
export async function orderCertificate(
  { host, directory, agreed, email, challengePort }: AcmeOptions,
  accountKey: string,
  poll = defaultPoll,
): Promise<{ readonly cert: string; readonly key: string }> {
  let told: AcmeProblem | null = null;
  // The client's errors have the authority's text and not its kind.
  const { response } = acme.axios.interceptors;
  const watching = response.use((answer) => {
    told = acmeProblemIn(answer.data) ?? told;
    return answer;
  });
  const client = new acme.Client({
    ...{ directoryUrl: directory, accountKey, backoffAttempts: 30, backoffMin: poll, backoffMax: 5 * poll },
  });
  let challenges: Awaited<ReturnType<typeof openChallenges>> | null = null;
  try {
    if (!agreed) throw notAgreed(directory, await client.getTermsOfServiceUrl());
    challenges = await openChallenges(challengePort);
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
    await client.createAccount({ termsOfServiceAgreed: true, ...contact });
    const order = await client.createOrder({ identifiers: [{ type: 'dns', value: host }] });
    for (const authorization of await client.getAuthorizations(order)) {
      if (authorization.status === 'valid') continue;
      const challenge = authorization.challenges.find(({ type }) => type === 'http-01');
      if (challenge === undefined) throw new Error('it offers no challenge http-01');
      challenges.answer(challenge.token, await client.getChallengeKeyAuthorization(challenge));
      await client.completeChallenge(challenge);
      await client.waitForValidStatus(challenge);
    }
    const [key, request] = await acme.crypto.createCsr(
      { altNames: [host] },
      await acme.crypto.createPrivateEcdsaKey(),
    );
    const cert = await client.getCertificate(await client.finalizeOrder(order, request));
    return { cert, key: key.toString() };
  } catch (error) {
    throw acmeError(host, directory, told, error);
  } finally {
    response.eject(watching);
    challenges?.close();
  }
}

function notAgreed(directory: string, terms: string | null): TapestryError {
  return new TapestryError(
    'acme.terms',
    `The certificate authority at ${directory} gives certificates to those who agree to its terms${terms ? `: ${terms}` : ''}.`,
    'Read them, and start the relay with --acme-agree if you agree.',
  );
}
