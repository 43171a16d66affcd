import { createServer } from 'node:http';
import { TapestryError } from '../../../client/errors.ts';

const path = '/.well-known/acme-challenge/';

/** Answers the challenges HTTP-01 of a certificate authority (RFC 8555, section 8.3) while an order is under way, and nothing else. */
export interface Challenges {
  /** The answer to the challenge with this token. */
  answer(token: string, answer: string): void;
  close(): void;
}

/** Listens on every address of this machine. Throws TapestryError `acme.port`. */
export async function openChallenges(port: number): Promise<Challenges> {
  const answers = new Map<string, string>();
  const server = createServer({ headersTimeout: 5_000, requestTimeout: 5_000 }, (request, response) => {
    const target = request.url ?? '';
    const answer = target.startsWith(path) ? answers.get(target.slice(path.length)) : undefined;
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/octet-stream' });
    response.end(answer ?? '');
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(closedPort(port, cause)));
    server.listen(port, resolve);
  });
  return {
    answer: (token, answer) => void answers.set(token, answer),
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function closedPort(port: number, cause: NodeJS.ErrnoException): TapestryError {
  const why = cause.code === 'EADDRINUSE' ? 'another program uses it' : cause.message;
  return new TapestryError(
    'acme.port',
    `The certificate authority asks port 80 of this machine, and the relay cannot listen on port ${port}: ${why}.`,
    'Free the port, let the relay use it (on Linux: sysctl net.ipv4.ip_unprivileged_port_start=80), or lead port 80 to another one and name that with --acme-port.',
    { cause },
  );
}
