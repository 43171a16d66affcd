import * as v from 'valibot';
import { TapestryError } from '../../../client/errors.ts';

/** A problem as an authority tells it (RFC 8555, section 6.7), in an answer or for a challenge that failed. */
const problemSchema = v.object({
  type: v.pipe(v.string(), v.startsWith('urn:ietf:params:acme:error:')),
  detail: v.optional(v.string(), ''),
});
const answerSchema = v.union([problemSchema, v.object({ error: problemSchema })]);

export type AcmeProblem = v.InferOutput<typeof problemSchema>;

/** The problem in the body of an answer; null for one that has none. */
export function acmeProblemIn(body: unknown): AcmeProblem | null {
  const parsed = v.safeParse(answerSchema, body);
  if (!parsed.success) return null;
  return 'error' in parsed.output ? parsed.output.error : parsed.output;
}

/** What an operator can do about an order that failed; `problem` is the authority's, where it told one. */
export function acmeError(
  host: string,
  directory: string,
  problem: AcmeProblem | null,
  cause: unknown,
): TapestryError {
  if (cause instanceof TapestryError) return cause;
  const options = { cause };
  if (problem === null) {
    // The client fails with a TypeError where no answer came, since it looks into the answer.
    const isSilent = cause instanceof TypeError;
    const why = cause instanceof Error ? cause.message : String(cause);
    return new TapestryError(
      'acme.directory',
      `The certificate authority at ${directory} does not answer${isSilent ? '' : ` as one: ${why}`}.`,
      'Check this machine’s way to the internet and --acme-directory, and start the relay again.',
      options,
    );
  }
  const type = problem.type.slice('urn:ietf:params:acme:error:'.length);
  const told = `The certificate authority says: ${problem.detail || type}`;
  if (type === 'dns' || type === 'rejectedIdentifier')
    return new TapestryError(
      'acme.name',
      `${host} is no name of this machine on the internet. ${told}`,
      'Let the name lead to this machine’s public address (an A or AAAA record), wait until it does, and start the relay again.',
      options,
    );
  if (type === 'connection' || type === 'unauthorized' || type === 'incorrectResponse')
    return new TapestryError(
      'acme.unreachable',
      `The certificate authority did not reach this relay at http://${host}/, port 80. ${told}`,
      'Open port 80 of this machine and of the router before it, check that the name leads here, and start the relay again.',
      options,
    );
  if (type === 'rateLimited')
    return new TapestryError(
      'acme.limit',
      `The certificate authority gives no more certificates for now. ${told}`,
      'Wait as long as it says. To try things out, use its test service with --acme-directory.',
      options,
    );
  return new TapestryError(
    'acme.refused',
    `The certificate authority gives no certificate for ${host}. ${told}`,
    'Do what it says, or use --tls auto or --tls cert.pem,key.pem.',
    options,
  );
}
