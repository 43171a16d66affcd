import type { Socket } from '../contribute/network.ts';
import { Messages } from './messages.ts';
import { connectionError, maxMessageBytes, openingError, openMilliseconds } from './relay-errors.ts';

/** A socket over the WebSocket that browsers and Deno provide. */
export function openWebSocket(url: URL, protocol: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = newWebSocket(url, protocol);
    socket.binaryType = 'arraybuffer';
    const messages = new Messages();
    let open = false;
    let reason = 'the connection failed';
    const timer = setTimeout(() => {
      reason = 'no answer';
      socket.close();
    }, openMilliseconds);
    socket.addEventListener('open', () => {
      open = true;
      clearTimeout(timer);
      resolve({
        send: (bytes) => socket.send(bytes),
        get buffered() {
          return socket.bufferedAmount;
        },
        get arrived() {
          return messages.arrived;
        },
        messages,
        close: () => socket.close(),
      });
    });
    socket.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
      if (data instanceof ArrayBuffer && data.byteLength <= maxMessageBytes)
        messages.push(new Uint8Array(data));
      else socket.close();
    });
    socket.addEventListener('error', (event) => {
      if (event instanceof ErrorEvent && event.message !== '') reason = event.message;
      if (open) messages.fail(connectionError(url, reason));
    });
    socket.addEventListener('close', () => {
      clearTimeout(timer);
      if (open) messages.end();
      else void openingError(url, reason).then(reject);
    });
  });
}

/** Creates a WebSocket. Deno's constructor throws if the permission is missing. */
function newWebSocket(url: URL, protocol: string): WebSocket {
  try {
    return new WebSocket(url, protocol);
  } catch (error) {
    throw connectionError(url, String(error), error);
  }
}
