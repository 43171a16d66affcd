import type { Relay } from '../../../relay/server/server.ts';
import { payloadOf, ScriptedNode } from './scripted-node.ts';

/** Two scripted nodes contribute to every round of a small run. */
export async function finishRun(relay: Relay, rounds: number, token?: string): Promise<void> {
  const nodes = await Promise.all(
    [0, 1].map((corpus) =>
      ScriptedNode.join(relay.url, { corpus, ...(token === undefined ? {} : { token }) }),
    ),
  );
  for (let round = 1; round <= rounds; round++) {
    const opened = await Promise.all(nodes.map((node) => node.next('roundOpen')));
    await Promise.all(
      nodes.map((node, index) =>
        node.contribute(opened[index] ?? { round: 0, base: new Uint8Array() }, payloadOf(2 * round + index)),
      ),
    );
    await Promise.all(nodes.map((node) => node.next('commit')));
  }
  for (const node of nodes) node.vanish();
}
