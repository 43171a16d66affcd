import type { Network, Socket } from '../../../client/contribute/network.ts';
import { TapestryError } from '../../../client/errors.ts';
import { decodeToNode } from '../../../relay/wire/frames.ts';

/** A node's line to its relay, which breaks just before a receipt arrives and then stays broken. */
export class BrokenLine {
  #losesReceipt = false;
  #isCut = false;

  /** The next receipt is lost with its connection, and no other opens until `mend`. */
  loseReceipt(): void {
    this.#losesReceipt = true;
  }

  get isCut(): boolean {
    return this.#isCut;
  }

  mend(): void {
    this.#isCut = false;
  }

  over(network: Network): Network {
    return {
      identity: () => network.identity(),
      fetch: (url, init) => network.fetch(url, init),
      connect: async (url) => {
        if (this.#isCut) throw new TapestryError('relay.unreachable', 'The line is cut.', 'Mend it.');
        return this.#socket(await network.connect(url));
      },
    };
  }

  #socket(socket: Socket): Socket {
    const messages = this.#messages(socket);
    return {
      send: (bytes) => socket.send(bytes),
      get buffered() {
        return socket.buffered;
      },
      get arrived() {
        return socket.arrived;
      },
      messages,
      close: () => socket.close(),
    };
  }

  async *#messages(socket: Socket): AsyncIterable<Uint8Array<ArrayBuffer>> {
    for await (const bytes of socket.messages) {
      if (this.#losesReceipt && decodeToNode(bytes).case === 'acknowledgement') {
        this.#losesReceipt = false;
        this.#isCut = true;
        socket.close();
        return;
      }
      yield bytes;
    }
  }
}
