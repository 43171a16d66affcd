import * as v from 'valibot';
import { type ChatMessage, chatRoles } from '../../../client/data/chat-template.ts';
import { parseJson } from '../../../client/formats/json.ts';
import type { Sampling } from '../../../client/model/generate/sampling.ts';
import type { ServeLimits } from './limits.ts';
import { invalid, type ProtocolError } from './protocol-error.ts';

/** A request for a completion, of messages or of a text. */
export interface CompletionRequest {
  readonly model: string;
  readonly input: { readonly messages: readonly ChatMessage[] } | { readonly text: string };
  readonly stream: boolean;
  /** The last event of a stream has the numbers of tokens. */
  readonly includeUsage: boolean;
  /** Null: as many as the server allows. */
  readonly maxTokens: number | null;
  readonly sampling: Partial<Sampling>;
  readonly stops: readonly string[];
  readonly seed: number | null;
}

/** A field with one meaning that is computed: no other value is accepted. */
const only = (...values: readonly unknown[]) =>
  v.nullish(
    v.custom<unknown>(
      (value) => values.some((each) => JSON.stringify(each) === JSON.stringify(value)),
      `must be ${values.map((value) => JSON.stringify(value)).join(' or ')}: nothing else is computed here`,
    ),
  );
const within = (least: number, most: number) =>
  v.pipe(
    v.number('must be a number'),
    v.check((value) => value >= least && value <= most, `must be from ${least} to ${most}`),
  );
const count = (least: number, most = 2 ** 31) =>
  v.pipe(
    v.number('must be a number'),
    v.check(
      (value) => Number.isSafeInteger(value) && value >= least && value <= most,
      `must be a whole number from ${least} to ${most}`,
    ),
  );
const flag = v.nullish(v.boolean('must be true or false'));

/** The fields of both kinds of request. */
function commonFields({ stops, stopCharacters }: ServeLimits) {
  const stop = v.pipe(
    v.string('must be text'),
    v.minLength(1, 'must not be empty'),
    v.maxLength(stopCharacters, `must have at most ${stopCharacters} characters`),
  );
  return {
    model: v.string('must be text'),
    stream: flag,
    stream_options: v.nullish(v.strictObject({ include_usage: flag })),
    max_tokens: v.nullish(count(1)),
    temperature: v.nullish(within(0, 2)),
    top_p: v.nullish(
      v.pipe(
        within(0, 1),
        v.check((value) => value > 0, 'must be above 0'),
      ),
    ),
    top_k: v.nullish(count(1)),
    seed: v.nullish(count(-(2 ** 53) + 1, 2 ** 53 - 1)),
    stop: v.nullish(
      v.union(
        [stop, v.pipe(v.array(stop), v.maxLength(stops))],
        `must be at most ${stops} texts, none empty`,
      ),
    ),
    n: only(1),
    presence_penalty: only(0),
    frequency_penalty: only(0),
    logit_bias: only({}),
    // These change nothing in an answer.
    user: v.nullish(v.string()),
    metadata: v.nullish(v.record(v.string(), v.string())),
    store: only(false),
  };
}

/** Text, or parts that are all text. */
const content = v.pipe(
  v.union(
    [v.string(), v.array(v.strictObject({ type: v.literal('text'), text: v.string() }))],
    'must be text, or parts of type text',
  ),
  v.transform((value) => (typeof value === 'string' ? value : value.map(({ text }) => text).join(''))),
);

function chatSchema(limits: ServeLimits) {
  const message = v.strictObject({
    role: v.picklist(chatRoles, `must be one of ${chatRoles.join(', ')}`),
    content,
    // Programs send answers back as they got them.
    refusal: only(null),
  });
  return v.strictObject({
    ...commonFields(limits),
    messages: v.pipe(
      v.array(message, 'must be a list'),
      v.minLength(1, 'must not be empty'),
      v.maxLength(limits.messages, `must be at most ${limits.messages}`),
    ),
    max_completion_tokens: v.nullish(count(1)),
    logprobs: only(false),
    top_logprobs: only(0),
    tools: only([]),
    tool_choice: only('none', 'auto'),
    response_format: only({ type: 'text' }),
  });
}

function textSchema(limits: ServeLimits) {
  return v.strictObject({
    ...commonFields(limits),
    prompt: v.pipe(
      v.union([v.string(), v.pipe(v.array(v.string()), v.length(1))], 'must be one text'),
      v.transform((value) => (typeof value === 'string' ? value : (value[0] ?? ''))),
    ),
    echo: only(false),
    best_of: only(1),
    suffix: only(''),
    logprobs: only(0),
  });
}

/** Tokens of an answer to `/v1/completions` that names no number: the protocol's own. */
const usualTextTokens = 16;

/** Reads a request to `/v1/chat/completions`. Throws ProtocolError. */
export function readChatRequest(bytes: Uint8Array, limits: ServeLimits): CompletionRequest {
  const { messages, max_completion_tokens, ...rest } = parsed(chatSchema(limits), bytes);
  if (messages.at(-1)?.role === 'assistant')
    throw invalid('messages', 'The last message must not be an answer: answers are not continued.');
  return {
    ...common(rest),
    maxTokens: max_completion_tokens ?? rest.max_tokens ?? null,
    input: { messages: messages.map(({ role, content: text }) => ({ role, content: text })) },
  };
}

/** Reads a request to `/v1/completions`. Throws ProtocolError. */
export function readTextRequest(bytes: Uint8Array, limits: ServeLimits): CompletionRequest {
  const { prompt, ...rest } = parsed(textSchema(limits), bytes);
  return { ...common(rest), maxTokens: rest.max_tokens ?? usualTextTokens, input: { text: prompt } };
}

type Common = v.InferOutput<v.StrictObjectSchema<ReturnType<typeof commonFields>, undefined>>;

function common(request: Common): Omit<CompletionRequest, 'maxTokens' | 'input'> {
  const { model, stream, stream_options, temperature, top_p, top_k, seed, stop } = request;
  return {
    model,
    stream: stream ?? false,
    includeUsage: stream_options?.include_usage ?? false,
    sampling: {
      ...(temperature == null ? {} : { temperature }),
      ...(top_p == null ? {} : { topP: top_p }),
      ...(top_k == null ? {} : { topK: top_k }),
    },
    stops: stop == null ? [] : typeof stop === 'string' ? [stop] : stop,
    seed: seed ?? null,
  };
}

function parsed<Schema extends v.GenericSchema>(schema: Schema, bytes: Uint8Array): v.InferOutput<Schema> {
  const result = v.safeParse(schema, jsonOf(bytes), { abortEarly: true });
  if (result.success) return result.output;
  throw refusal(result.issues[0]);
}

function jsonOf(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw invalid(null, `The body is not JSON: ${why}.`, 'invalid_json');
  }
}

function refusal(issue: v.BaseIssue<unknown>): ProtocolError {
  const field = (issue.path ?? []).map(({ key }) => String(key)).join('.');
  if (issue.type === 'strict_object' && issue.expected === 'never')
    return invalid(field, `${field} is no field that this server knows.`, 'unknown_parameter');
  if (issue.type === 'strict_object' && issue.received === 'undefined')
    return invalid(field, `${field} is missing.`, 'missing_parameter');
  return invalid(field === '' ? null : field, `${field === '' ? 'The body' : field} ${issue.message}.`);
}
