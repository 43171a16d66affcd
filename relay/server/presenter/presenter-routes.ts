import type { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as v from 'valibot';
import type { PresentedBody } from '../../run/presenting/presented-event.ts';
import {
  mostCommandBytes,
  type PresenterCommand,
  presenterCommandSchema,
  presenterPath,
  presenterScheme,
} from '../../wire/presenter.ts';
import type { Bindings } from '../bindings.ts';
import type { Hub } from '../hub.ts';
import type { Room } from '../speech/room.ts';
import { PresenterAccess } from './presenter-access.ts';

/**
 * The presenter's commands. A wrong proof counts as a wrong join token, and its answer waits as long: 401, with the nonce to
 * try again. 400: not a command; 404: no such node, or another prompt is shown; 409: the command makes no sense now.
 */
export function addPresenter(
  app: Hono<{ Bindings: Bindings }>,
  hub: Hub,
  secret: string,
  room: () => Room | null,
): void {
  const access = new PresenterAccess(secret);
  const nonce = () => ({ nonce: access.nonce });

  app.get(presenterPath, (c) => {
    c.header('cache-control', 'no-store');
    return c.json(nonce());
  });

  const limit = bodyLimit({ maxSize: mostCommandBytes, onError: (c) => c.text('not a command', 413) });
  app.post(presenterPath, limit, async (c) => {
    c.header('cache-control', 'no-store');
    const text = await c.req.text();
    const [scheme, proof = ''] = c.req.header('authorization')?.split(' ', 2) ?? [];
    if (scheme !== presenterScheme || !access.admits(proof, text)) {
      await hub.after(hub.budget.guesses.delayOf(c.env.address, hub.clock.elapsed()));
      return c.json(nonce(), 401);
    }
    const command = commandOf(text);
    if (command === null) return c.json(nonce(), 400);
    if (command.action === 'skip') return c.json(nonce(), room()?.skip(command.prompt) === true ? 200 : 404);
    const body = bodyOf(command, hub);
    if (body === null) return c.json(nonce(), 404);
    if (!(await hub.run.present(body))) return c.json(nonce(), 409);
    hub.log.info(command, 'the presenter acted');
    return c.json(nonce());
  });
}

function commandOf(text: string): PresenterCommand | null {
  try {
    const parsed = v.safeParse(presenterCommandSchema, JSON.parse(text));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** The journal's form of a command; null if it names a node that is not connected. */
function bodyOf(command: Exclude<PresenterCommand, { action: 'skip' }>, hub: Hub): PresentedBody | null {
  if (command.action !== 'remove') return { action: command.action, node: null };
  for (const { member } of hub.members())
    if (member?.key.startsWith(command.node) === true) return { action: 'remove', node: member.key };
  return null;
}
