import type { Attack } from './attack.ts';
import {
  heartbeats,
  joinAndLeave,
  manyKeysJoin,
  oneByteChunks,
  oneByteUploads,
  tokenGuesses,
  wholeUploads,
} from './nodes.ts';
import {
  fullHandshakes,
  halfHandshakes,
  hugeHeaders,
  idleSockets,
  pipelined,
  readers,
  slowHeaders,
  unread,
} from './sockets.ts';

interface Sized {
  readonly attack: Attack;
  /** Sockets, readers or keys: as many as show the fault quickly, and as many as the issue names. */
  readonly small: number;
  readonly full: number;
  /** Addresses from which they come in turn; one by default. */
  readonly addresses?: number;
}

/** Attacks on a relay without TLS. */
export const plainAttacks: Readonly<Record<string, Sized>> = {
  'idle sockets': { attack: idleSockets, small: 2_500, full: 4_200 },
  'slow headers': { attack: slowHeaders, small: 500, full: 2_000 },
  'huge headers': { attack: hugeHeaders, small: 50, full: 500 },
  'one socket, 3,000 unread requests': { attack: pipelined(3_000, '/api/status'), small: 1, full: 1 },
  'sockets with 20 unread requests each': { attack: pipelined(20, '/api/status'), small: 300, full: 300 },
  'unread journals': { attack: unread(() => '/journal'), small: 32, full: 300 },
  'readers of the journal, slow': { attack: readers('/journal', true), small: 32, full: 32 },
  'readers of the journal, at once': { attack: readers('/journal'), small: 32, full: 32 },
  'unread event streams': { attack: unread(() => '/api/events'), small: 256, full: 1_024 },
  'unread downloads': { attack: unread(({ base }) => `/blobs/${base}`), small: 64, full: 1_024 },
  'one-byte uploads by many keys': { attack: oneByteUploads, small: 16, full: 32 },
  'one-byte chunks': { attack: oneByteChunks, small: 1, full: 1 },
  'one key joins and leaves': { attack: joinAndLeave, small: 4, full: 16 },
  heartbeats: { attack: heartbeats, small: 20, full: 20 },
  'idle sockets of many addresses': { attack: idleSockets, small: 2_500, full: 8_000, addresses: 200 },
  'heartbeats of many addresses': { attack: heartbeats, small: 100, full: 400, addresses: 100 },
  'uploads of many addresses': { attack: wholeUploads, small: 16, full: 160, addresses: 40 },
  'one-byte uploads of many addresses': { attack: oneByteUploads, small: 80, full: 160, addresses: 40 },
  'joins of many addresses and keys': { attack: manyKeysJoin, small: 80, full: 160, addresses: 40 },
};

/** Attacks on a relay with TLS and a join token. */
export const tlsAttacks: Readonly<Record<string, Sized>> = {
  'idle sockets, TLS': { attack: idleSockets, small: 2_500, full: 4_200 },
  'half handshakes': { attack: halfHandshakes, small: 500, full: 4_200 },
  'full handshakes': { attack: fullHandshakes, small: 500, full: 2_000 },
  'token guesses': { attack: tokenGuesses, small: 64, full: 300 },
};
