import type { Socket } from '../contribute/host.ts';
import { Messages } from './messages.ts';
import { connectionError, maxMessageBytes, openMilliseconds } from './relay-errors.ts';

/** A socket over the runtime's own WebSocket: browsers and Deno. */
export function openWebSocket(url: URL, protocol: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, protocol);
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
      else reject(connectionError(url, reason));
    });
  });
}
