import type { Network } from '../../../../client/contribute/network.ts';
import { Downloads } from '../../../../client/contribute/protocol/download.ts';
import { servedManifest } from '../../../../client/contribute/protocol/handshake.ts';
import { readRunTerms } from '../../../../client/contribute/run-terms.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { RelayHttp } from '../../../../client/relay-http.ts';
import type { Runtime } from '../../../../client/runtime.ts';
import type { NewRun } from '../../../../relay/run/run.ts';
import { vectorOfBytes } from '../../../../relay/storage/blob-store.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { readManifest } from '../../../../relay/wire/manifest.ts';
import { tokensOf } from '../../../../relay/wire/offer.ts';
import { type RunChoices, readersOf } from '../new-run.ts';

/** What a national or company relay chooses itself; what is undefined is as in the upstream run. */
export interface OwnChoices {
  readonly name?: string | undefined;
  readonly rounds?: number | undefined;
  readonly steps?: number | undefined;
  readonly quorum: number;
  readonly maxNodes?: number | undefined;
  readonly deadlineMs: number;
  readonly graceMs: number;
  readonly payloadRounds?: number | undefined;
  readonly readers: RunChoices['readers'];
  /** Milliseconds since 1970. */
  readonly created: number;
}

/**
 * A new run below the run of the upstream relay: its model, tokenizer, codec, strategy and guard, and the base that it began with.
 * @throws TapestryError `relay.unreachable`, `relay.wrong-protocol`, `relay.too-many`, `relay.bad-manifest` or `relay.bad-blob`
 */
export async function upstreamRun(
  { runtime, network }: { readonly runtime: Runtime; readonly network: Network },
  relay: URL,
  own: OwnChoices,
): Promise<NewRun> {
  const signal = new AbortController().signal;
  const http = new RelayHttp(network, runtime, relay);
  const { signed } = await servedManifest(http, signal);
  const terms = await readRunTerms(signed.manifest, signed.signature);
  const { manifest } = readManifest(signed.manifest);
  const downloads = new Downloads(http, runtime);
  const { tokenizer, guard, model, limits, strategy } = manifest;
  const bytes = await downloads.blob(toHex(manifest.initialBase), model.parameters * 4, signal);
  const initialBase = vectorOfBytes(bytes, model.parameters);
  if (initialBase === null) throw notFinite();
  const { rounds = strategy.rounds, steps = strategy.localSteps } = own;
  const maxNodes = own.maxNodes ?? limits.maxNodes;
  const files =
    tokenizer.case === 'file'
      ? {
          file: await downloads.blob(toHex(tokenizer.value.hash), tokenizer.value.byteLength, signal),
          config: await downloads.blob(
            toHex(tokenizer.value.configHash),
            tokenizer.value.configByteLength,
            signal,
          ),
        }
      : undefined;
  const probe =
    guard.case === 'probe'
      ? await downloads.blob(toHex(guard.value.hash), guard.value.byteLength, signal)
      : undefined;
  return {
    manifest: {
      version: manifest.version,
      name: own.name ?? manifest.name,
      created: BigInt(own.created),
      model,
      tokenizer,
      strategy: { ...strategy, rounds, localSteps: steps },
      codec: manifest.codec,
      merge: manifest.merge,
      limits: {
        ...limits,
        quorum: own.quorum,
        target: maxNodes,
        maxNodes,
        deadlineMs: own.deadlineMs,
        graceMs: own.graceMs,
        maxTokens: tokensOf(strategy, steps),
        payloadRounds: own.payloadRounds ?? limits.payloadRounds,
      },
      lane: manifest.lane,
      guard,
      norm: manifest.norm,
      pace: manifest.pace,
      downlink: { case: 'full', value: {} },
      quality: manifest.quality,
      contributionReaders: readersOf(own.readers),
      corpora: [...manifest.corpora],
      upstream: [terms.runBytes],
    },
    initialBase,
    ...(files === undefined ? {} : { tokenizer: files }),
    ...(probe === undefined ? {} : { probe }),
  };
}

function notFinite(): TapestryError {
  return new TapestryError(
    'relay.bad-blob',
    'The upstream run began with parameters that are not finite.',
    'Tell the operator of the upstream relay.',
  );
}
