import type { Socket } from '../contribute/network.ts';
import { TapestryError } from '../errors.ts';
import { type FrameHeaders, openFetchSocket } from './fetch-socket.ts';
import { openWebSocket } from './web-socket.ts';

/** How both kinds of socket reach a relay. */
export interface SocketNames {
  /** The protocol's version, which is the WebSocket's subprotocol. */
  readonly subprotocol: string;
  /** The path of the socket by HTTP, relative to the relay's address. */
  readonly framesPath: string;
  readonly frameHeaders: FrameHeaders;
}

/** Errors that opening a socket by HTTP cannot mend. */
const final: ReadonlySet<string> = new Set(['host.permission', 'relay.redirected']);

/**
 * Opens a WebSocket to a relay; where that fails, a socket by HTTP. WebKit opens no WebSocket to a self-signed certificate, even
 * if the person accepted it for the page, and some proxies pass none on. Throws the WebSocket's error if both fail.
 */
export async function openSocket(url: URL, names: SocketNames): Promise<Socket> {
  const { subprotocol, framesPath, frameHeaders } = names;
  try {
    return await openWebSocket(url, subprotocol);
  } catch (error) {
    if (error instanceof TapestryError && final.has(error.code)) throw error;
    const frames = new URL(`.${framesPath}`, url);
    frames.protocol = url.protocol.replace('ws', 'http');
    try {
      return await openFetchSocket(frames, subprotocol, frameHeaders);
    } catch {
      throw error;
    }
  }
}
