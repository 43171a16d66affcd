import { createHash, timingSafeEqual } from 'node:crypto';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { secured } from '../../../relay/server/http/pages.ts';
import type { Completion, Completions } from './completions.ts';
import type { ServeLimits } from './limits.ts';
import { errorBody, ProtocolError, protocolError } from './protocol-error.ts';
import { type CompletionRequest, readChatRequest, readTextRequest } from './request.ts';

/** A request's connection as the routes see it. */
export interface Bindings {
  /** Aborted when the client has closed its connection. */
  readonly closed: AbortSignal;
}

export interface AppOptions {
  readonly completions: Completions;
  readonly limits: ServeLimits;
  /** If set, every request must bear it. */
  readonly token: string | undefined;
  /** Seconds since 1970: when the model was loaded. */
  readonly created: number;
  /** Called once for each answer: how it ended. */
  readonly onAnswer: (completion: Completion, end: string) => void;
  /** Called for what is no client's fault. */
  readonly onProblem: (error: unknown) => void;
}

type Call = Context<{ Bindings: Bindings }>;

/** The routes of the chat-completions protocol. */
export function completionsApp(options: AppOptions): Hono<{ Bindings: Bindings }> {
  const { completions, limits, token, created, onProblem } = options;
  const app = new Hono<{ Bindings: Bindings }>();
  app.use(secured);
  app.use(async (c, next) => {
    if (token !== undefined && !bears(c.req.header('authorization'), token)) {
      c.header('www-authenticate', 'Bearer');
      throw new ProtocolError(
        401,
        'invalid_api_key',
        'The request needs the token that the server was started with.',
      );
    }
    await next();
  });
  const tooLarge = () => {
    throw new ProtocolError(413, 'request_too_large', `A request has at most ${limits.body} bytes.`);
  };

  const list = () =>
    completions.modelNames.map((id) => ({ id, object: 'model', created, owned_by: 'tapestry' }));
  app.get('/v1/models', (c) => c.json({ object: 'list', data: list() }));
  app.get('/v1/models/:name', (c) => {
    const found = list().find(({ id }) => id === c.req.param('name'));
    if (found !== undefined) return c.json(found);
    throw new ProtocolError(404, 'model_not_found', 'There is no model of this name; /v1/models lists them.');
  });

  const routes = [
    ['/v1/chat/completions', readChatRequest],
    ['/v1/completions', readTextRequest],
  ] as const;
  for (const [path, read] of routes) {
    app.post(path, bodyLimit({ maxSize: limits.body, onError: tooLarge }), async (c) => {
      // A page of another origin can send other types without asking first.
      if (!/^application\/json\b/i.test(c.req.header('content-type') ?? ''))
        throw new ProtocolError(415, 'unsupported_media_type', 'The content type must be application/json.');
      const request = read(new Uint8Array(await c.req.arrayBuffer()), limits);
      const completion = completions.begin(request, c.env.closed);
      return request.stream ? streamed(c, request, completion, options) : whole(c, completion, options);
    });
    app.all(path, () => {
      throw new ProtocolError(405, 'method_not_allowed', `${path} takes POST.`);
    });
  }

  app.notFound((c) => {
    const error = new ProtocolError(
      404,
      'unknown_url',
      'There is /v1/chat/completions, /v1/completions and /v1/models.',
    );
    return c.json(errorBody(error), 404);
  });
  app.onError((error, c) => {
    const known = protocolError(error);
    if (known.status >= 500 && !c.env.closed.aborted) onProblem(error);
    if (known.status === 429) c.header('retry-after', '1');
    return c.json(errorBody(known), known.status);
  });
  return app;
}

async function whole(c: Call, completion: Completion, { onAnswer }: AppOptions): Promise<Response> {
  let text = '';
  try {
    for await (const piece of completion.pieces) text += piece;
  } catch (error) {
    tellFailed(c, completion, onAnswer, error);
    throw error;
  }
  const { finish, usage } = completion.result;
  onAnswer(completion, finish);
  return c.json(completion.json.whole(text, finish, usage));
}

/** The answer as server-sent events. A request that is refused before its first text gets a status of its own. */
async function streamed(
  c: Call,
  { includeUsage }: CompletionRequest,
  completion: Completion,
  { onAnswer, onProblem }: AppOptions,
): Promise<Response> {
  const { pieces, json, result } = completion;
  const first = await pieces.next().catch((error: unknown) => {
    tellFailed(c, completion, onAnswer, error);
    throw error;
  });
  async function* events(): AsyncGenerator<object, void, void> {
    yield* json.opening();
    if (first.done !== true) {
      yield json.piece(first.value);
      for await (const piece of pieces) yield json.piece(piece);
    }
    yield json.closing(result.finish);
    if (includeUsage) yield json.usage(result.usage);
  }
  async function* lines(): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
    const encoder = new TextEncoder();
    let end = 'closed';
    try {
      for await (const event of events()) yield encoder.encode(`data: ${JSON.stringify(event)}\n\n`);
      yield encoder.encode('data: [DONE]\n\n');
      end = result.finish;
    } catch (error) {
      if (c.env.closed.aborted) return;
      end = 'failed';
      const known = protocolError(error);
      if (known.status >= 500) onProblem(error);
      yield encoder.encode(`data: ${JSON.stringify(errorBody(known))}\n\n`);
    } finally {
      // A reader that went away ends this here, in the middle of an answer.
      await pieces.return();
      onAnswer(completion, end);
    }
  }
  c.header('content-type', 'text/event-stream; charset=utf-8');
  c.header('cache-control', 'no-store');
  c.header('x-accel-buffering', 'no');
  return c.body(streamOf(lines()));
}

/** A request that was refused is no answer. */
function tellFailed(c: Call, completion: Completion, onAnswer: AppOptions['onAnswer'], error: unknown): void {
  if (!(error instanceof ProtocolError)) onAnswer(completion, c.env.closed.aborted ? 'closed' : 'failed');
}

/** A stream that makes the next chunk when the one before was sent. */
function streamOf(
  chunks: AsyncGenerator<Uint8Array<ArrayBuffer>, void, void>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream(
    {
      async pull(controller) {
        const { value, done } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      async cancel() {
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}

/** Compares in a time that does not depend on where the tokens differ. */
function bears(authorization: string | undefined, token: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(authorization ?? ''), digest(`Bearer ${token}`));
}
