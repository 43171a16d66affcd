import { readFile } from 'node:fs/promises';
import { TapestryError } from '../../../../client/errors.ts';
import type { Invitation } from '../../../../relay/server/invitations.ts';

/** The most invitations of a relay: each wrong token is compared with every one. */
const mostInvitations = 256;
/** The shortest token; a shorter one could be guessed. */
const shortestToken = 8;
const mostSeats = 65_536;

/**
 * The invitations of a file: on each line a join token and the number of nodes that may join with it, such as
 * `warp-and-weft-7391 3`. Blank lines and lines that begin with `#` are skipped. Throws `usage.invitations`.
 */
export async function readInvitations(file: string): Promise<Invitation[]> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw unusable(file, 'cannot be read', cause);
  });
  const invitations: Invitation[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const where = `has on line ${index + 1}`;
    const [token = '', count = '', ...more] = line.trim().split(/\s+/);
    const seats = /^\d{1,5}$/.test(count) ? Number(count) : 0;
    if (token.length < shortestToken) throw unusable(file, `${where} a token shorter than ${shortestToken}`);
    if (seats < 1 || seats > mostSeats || more.length > 0)
      throw unusable(file, `${where} no number of nodes from 1 to ${mostSeats}`);
    if (invitations.some((other) => other.token === token)) throw unusable(file, `${where} a token twice`);
    invitations.push({ token, seats });
  }
  if (invitations.length === 0) throw unusable(file, 'names no invitation');
  if (invitations.length > mostInvitations)
    throw unusable(file, `names more than ${mostInvitations} invitations`);
  return invitations;
}

function unusable(file: string, why: string, cause?: unknown): TapestryError {
  return new TapestryError(
    'usage.invitations',
    `The file of invitations ${file} ${why}.`,
    'Write one invitation a line: its token, a space, and how many nodes may join with it.',
    { cause },
  );
}
