import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Full } from '../budget/places.ts';

/** The status of an answer that a limit of its client, or of all, refuses. */
export function statusWhenFull(full: Full): 429 | 503 {
  return full === 'each' ? 429 : 503;
}

/** What an answer says that a limit of its client, or of all, refuses. */
export function textWhenFull(full: Full): string {
  return full === 'each' ? 'too many requests of your address\n' : 'the relay is busy\n';
}

/** Refuses a request that is over a limit of its address, or of all. */
export function refuseFull(response: ServerResponse, full: Full): void {
  response.setHeader('retry-after', '1');
  refuse(response, statusWhenFull(full), textWhenFull(full));
}

/** Refuses a request with a text. */
export function refuse(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, headers).end(text);
}

/** Refuses an upgrade with a status line, such as `404 Not Found`, and a text, and ends the connection. */
export function turnAway(stream: Duplex, status: string, text = ''): void {
  const head = `HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\n`;
  stream.end(`${head}content-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
}
