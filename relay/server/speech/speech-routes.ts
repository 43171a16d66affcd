import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as v from 'valibot';
import { cleanPrompt, mostPromptBytes, promptSchema, speechPath } from '../../wire/speech/speech.ts';
import type { Bindings } from '../bindings.ts';
import { CompressibleJson } from '../http/compressible.ts';
import type { Room } from './room.ts';

/**
 * What the bases write for the room. 404: they do not; 403: people may not send prompts; 415: not JSON, which pages of other origins
 * cannot send unasked; 400: not a prompt; 503: too many wait.
 */
export function addSpeech(app: Hono<{ Bindings: Bindings }>, room: () => Room | null): void {
  app.get(speechPath, async (c) => {
    const speech = room()?.speech();
    return speech === undefined
      ? c.text('this relay lets no base write', 404)
      : new CompressibleJson(speech).send(c);
  });

  const limit = bodyLimit({
    maxSize: mostPromptBytes,
    onError: (c) => c.text('the prompt is too long', 413),
  });
  app.post(speechPath, limit, async (c) => {
    c.header('cache-control', 'no-store');
    const here = room();
    if (here === null) return c.text('this relay lets no base write', 404);
    if (!here.speech().isOpen) return c.text('a run without a presenter takes no prompts', 403);
    if (c.req.header('content-type') !== 'application/json') return c.text('not JSON', 415);
    const prompt = promptOf(await c.req.text(), here);
    if (prompt === null) return c.text('not a prompt', 400);
    if (here.take(prompt, c.env.address) === 'taken') return c.text('taken', 202);
    return c.text('too many prompts wait', 503, { 'retry-after': '30' });
  });
}

/** The prompt of a request's body. A corpus goes with one of its own starts only. */
function promptOf(body: string, room: Room): { text: string; corpus: string | null } | null {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch {
    return null;
  }
  const parsed = v.safeParse(promptSchema, json);
  const text = parsed.success ? cleanPrompt(parsed.output.text) : null;
  if (!parsed.success || text === null) return null;
  const { corpus } = parsed.output;
  const isStart = room.speech().starts.some((start) => start.corpus === corpus && start.text === text);
  return corpus === null || isStart ? { text, corpus } : null;
}
