import { create } from '@bufbuild/protobuf';
import type { Network } from '../../../../client/contribute/network.ts';
import { Downloads } from '../../../../client/contribute/protocol/download.ts';
import { servedManifest } from '../../../../client/contribute/protocol/handshake.ts';
import { readRunTerms } from '../../../../client/contribute/run-terms.ts';
import { TapestryError } from '../../../../client/errors.ts';
import { RelayHttp } from '../../../../client/relay-http.ts';
import type { Runtime } from '../../../../client/runtime.ts';
import type { NewRun } from '../../../../relay/run/run.ts';
import { vectorOfBytes } from '../../../../relay/storage/blob-store.ts';
import type { WholeStrategy } from '../../../../relay/wire/frames.ts';
import { toHex } from '../../../../relay/wire/hex.ts';
import { readManifest } from '../../../../relay/wire/manifest.ts';
import { tokensOf } from '../../../../relay/wire/offer.ts';
import { WholeModelSchema } from '../../../../relay/wire/tapestry_pb.js';
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
  /** How it goes on without waiting for the upstream bases; null if it waits for each. */
  readonly mixing: { readonly every: number; readonly weight: number } | null;
  /** Rounds from one change of the outer momentum to the next, in a run with arrivals: its own nodes. */
  readonly period?: number | undefined;
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
  const hasArrivals = manifest.pace.case === 'arrivals';
  if (hasArrivals && own.mixing === null) throw waitsForArrivals();
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
      strategy: {
        ...strategy,
        ...{ rounds, localSteps: steps },
        outer: outerOf(strategy.outer, own.period),
        part: partOf(strategy.part),
      },
      codec: manifest.codec,
      merge: manifest.merge,
      limits: {
        ...limits,
        quorum: own.quorum,
        // A round of arrivals takes as many as one of the upstream run.
        target: hasArrivals ? limits.target : maxNodes,
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
      mixing: own.mixing === null ? [] : [own.mixing],
    },
    initialBase,
    ...(files === undefined ? {} : { tokenizer: files }),
    ...(probe === undefined ? {} : { probe }),
  };
}

function outerOf(outer: WholeStrategy['outer'], period: number | undefined): WholeStrategy['outer'] {
  if (outer.case !== 'delayedNesterov' || period === undefined) return outer;
  return { ...outer, value: { ...outer.value, period } };
}

/** What goes up has one weight for all values, so a run below grants no part of its model, whatever the upstream run grants. */
function partOf(part: WholeStrategy['part']): WholeStrategy['part'] {
  return part.case === 'upperLayers' ? { case: 'wholeModel', value: create(WholeModelSchema) } : part;
}

function waitsForArrivals(): TapestryError {
  return new TapestryError(
    'usage.upstream',
    'In the upstream run contributions count as they arrive, and a run below it cannot wait for its bases.',
    'Give --upstream-every, so that this run goes on and mixes them in.',
  );
}

function notFinite(): TapestryError {
  return new TapestryError(
    'relay.bad-blob',
    'The upstream run began with parameters that are not finite.',
    'Tell the operator of the upstream relay.',
  );
}
