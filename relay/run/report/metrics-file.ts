import * as v from 'valibot';
import { encodeJson, parseJson } from '../../../client/formats/json.ts';
import { append, type FileSystem, writeDurably } from '../../storage/files.ts';
import type { RoundMetrics } from './round-metrics.ts';

export const metricsFile = 'metrics.jsonl';
export const summaryFile = 'summary.json';

const amount = v.pipe(v.number(), v.minValue(0));
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0));

/** summary.json: the fields of the AI Alliance's Tapestry, and the length of metrics.jsonl up to its last round. */
const summary = v.strictObject({
  /** Null: what a round draws follows from its payloads, so a run has no seed of its own. */
  seed: v.null(),
  rounds: whole,
  policy_name: v.string(),
  final_artifact_count: v.literal(0),
  total_rejected_contributions: whole,
  max_observed_node_weight: amount,
  final_shared_base_delta_norm: amount,
  metrics_bytes: whole,
});
type Summary = v.InferOutput<typeof summary>;

/** What a summary takes of a line. */
const line = v.object({
  round_num: whole,
  rejected_nodes: v.array(v.string()),
  max_node_weight: amount,
  shared_base_delta_norm: amount,
});
type Line = v.InferOutput<typeof line>;

/**
 * metrics.jsonl and summary.json beside the journal, for programs that read the files of the AI Alliance's Tapestry. They are
 * no evidence. A round's line is durable before its commit is journaled, so each commit of this relay has one; a line
 * without a commit is cut off before the next one is written. The summary has the rounds before the newest, and all once the run ends.
 */
export class MetricsFile {
  readonly #files: FileSystem;
  readonly #folder: string;
  #summary: Summary;
  /** The line after those of the summary, and where it ends. */
  #newest: { readonly line: Line; readonly end: number } | null = null;

  private constructor(files: FileSystem, folder: string, read: Summary) {
    this.#files = files;
    this.#folder = folder;
    this.#summary = read;
  }

  /** Reads what is there; `committed` is the number of committed rounds, and `policy` the name of the merge rule. Changes nothing. */
  static async open(
    files: FileSystem,
    folder: string,
    { committed, policy }: { readonly committed: number; readonly policy: string },
  ): Promise<MetricsFile> {
    const fresh: Summary = {
      ...{ seed: null, rounds: 0, policy_name: policy, final_artifact_count: 0 },
      ...{ total_rejected_contributions: 0, max_observed_node_weight: 0 },
      ...{ final_shared_base_delta_norm: 0, metrics_bytes: 0 },
    };
    const size = (await files.stat(`${folder}/${metricsFile}`))?.size ?? 0;
    const stored = parsed(summary, await files.read(`${folder}/${summaryFile}`));
    const isUsable = stored !== null && stored.rounds <= committed && stored.metrics_bytes <= size;
    const opened = new MetricsFile(files, folder, isUsable ? stored : fresh);
    const { metrics_bytes: from } = opened.#summary;
    if (size === from) return opened;
    const tail = await files.readPart(`${folder}/${metricsFile}`, from, size - from);
    for (let start = 0, end = tail.indexOf(10); end >= 0; end = tail.indexOf(10, start)) {
      const found = parsed(line, tail.subarray(start, end));
      if (found === null || found.round_num > committed) break;
      opened.#fold();
      start = end + 1;
      opened.#newest = { line: found, end: from + start };
    }
    return opened;
  }

  /** Appends a round's line, durably. May be called again for the same round. */
  async write(metrics: RoundMetrics): Promise<void> {
    if ((this.#newest?.line.round_num ?? Infinity) < metrics.round_num) this.#fold();
    else this.#newest = null;
    const path = `${this.#folder}/${metricsFile}`;
    const { metrics_bytes: from } = this.#summary;
    if (((await this.#files.stat(path))?.size ?? 0) > from) await this.#files.truncate(path, from);
    const bytes = new TextEncoder().encode(`${JSON.stringify(metrics)}\n`);
    await append(this.#files, path, bytes);
    await this.#files.syncFile(path);
    await this.#writeSummary();
    this.#newest = {
      line: { ...metrics, rejected_nodes: [...metrics.rejected_nodes] },
      end: from + bytes.length,
    };
  }

  /** The run ends: the summary has all rounds. */
  async finish(): Promise<void> {
    this.#fold();
    await this.#writeSummary();
  }

  /** Also makes the name of metrics.jsonl durable, which is in the same folder. */
  #writeSummary(): Promise<void> {
    return writeDurably(this.#files, this.#folder, summaryFile, encodeJson(this.#summary));
  }

  #fold(): void {
    if (this.#newest === null) return;
    const { line, end } = this.#newest;
    this.#newest = null;
    const before = this.#summary;
    this.#summary = {
      ...before,
      rounds: line.round_num,
      total_rejected_contributions: before.total_rejected_contributions + line.rejected_nodes.length,
      max_observed_node_weight: Math.max(before.max_observed_node_weight, line.max_node_weight),
      final_shared_base_delta_norm: line.shared_base_delta_norm,
      metrics_bytes: end,
    };
  }
}

/** Null for bytes that are not what the schema says: a person may have changed the files. */
function parsed<Schema extends v.GenericSchema>(
  schema: Schema,
  bytes: Uint8Array | null,
): v.InferOutput<Schema> | null {
  if (bytes === null) return null;
  try {
    const result = v.safeParse(schema, parseJson(bytes));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}
