import type { Relay } from '../../../relay/server/server.ts';
import type { Acknowledgement } from '../../../relay/wire/tapestry_pb.js';
import { payloadOf, ScriptedNode } from './scripted-node.ts';

/** Two scripted nodes contribute to every round of a small run; gives the first one's receipts. */
export async function finishRun(relay: Relay, rounds: number, token?: string): Promise<Acknowledgement[]> {
  const receipts: Acknowledgement[] = [];
  const nodes = await Promise.all(
    [0, 1].map((corpus) =>
      ScriptedNode.join(relay.url, { corpus, ...(token === undefined ? {} : { token }) }),
    ),
  );
  for (let round = 1; round <= rounds; round++) {
    const opened = await Promise.all(nodes.map((node) => node.next('roundOpen')));
    const [receipt] = await Promise.all(
      nodes.map((node, index) =>
        node.contribute(opened[index] ?? { round: 0, base: new Uint8Array() }, payloadOf(2 * round + index)),
      ),
    );
    if (receipt !== undefined) receipts.push(receipt);
    await Promise.all(nodes.map((node) => node.next('commit')));
  }
  for (const node of nodes) node.vanish();
  return receipts;
}
