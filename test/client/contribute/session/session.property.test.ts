import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { GrantedPart } from '../../../../client/contribute/session/part.ts';
import { advance } from '../../../../client/contribute/session/session.ts';
import { forward, lost, World } from './session-world.ts';

// Without bias: small numbers would choose the first of what is possible again and again.
const steps = fc.noBias(fc.array(fc.nat(999_983), { minLength: 1, maxLength: 150, size: 'max' }));

const grantedPart: GrantedPart = {
  ...{ layers: 1, of: 4, trainingRatio: 2, uploadRatio: 4 },
  ...{ isTimed: false, fitsWhole: true, trainingBytes: 1 },
};
const grants = fc.constantFrom(null, grantedPart, { ...grantedPart, isTimed: true });

function lived(choices: readonly number[], granted: GrantedPart | null = null): World {
  const world = new World(granted);
  world.dispatch({ kind: 'start' });
  for (const choice of choices) {
    const can = world.possible();
    const names = Object.keys(can).flatMap((name) =>
      Array.from({ length: forward.includes(name) ? 6 : 1 }, () => name),
    );
    can[names[choice % names.length] ?? '']?.();
    // A node may give up a relay that it never reached; session.test.ts tests that.
    if (world.session.ended) break;
  }
  return world;
}

test('after any trouble: one delta an opening, never for an old base, and the next round is trained and accepted', () => {
  fc.assert(
    fc.property(steps, grants, (choices, granted) => {
      const world = lived(choices, granted);
      if (world.session.ended) return;
      world.dispatch({ kind: 'resume-work' });
      // The current round may be lost to a refusal; the one that opens after it must not be.
      const quiet = () =>
        world.session.connection === 'up' && world.toNode.length === 0 && world.job === null;
      expect(world.settle(quiet)).toBe(true);
      if (!world.open) world.opens();
      world.commits();
      expect(world.settle(quiet)).toBe(true);
      // A node that missed rounds may only follow, until its person lets it work faster.
      world.dispatch({ kind: 'faster' });
      if (!world.open) world.opens();
      expect(world.settle(() => world.accepted !== null && world.session.work.kind === 'accepted')).toBe(
        true,
      );
    }),
    { numRuns: 500 },
  );
});

test('after any trouble, the node contributes to a round that was abandoned while it was away once that round reopens', () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (choices, restarts) => {
      const world = lived(choices);
      if (world.session.ended) return;
      world.dispatch({ kind: 'resume-work' });
      const settled = () => world.accepted !== null && world.session.work.kind === 'accepted';
      world.settle(settled);
      world.breaks();
      if (world.open) world.abandons();
      world.opens();
      if (restarts) world.restarts();
      expect(world.settle(settled)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('finish and leave end a session from any state', () => {
  fc.assert(
    fc.property(steps, fc.constantFrom('finish' as const, 'leave' as const), (choices, kind) => {
      const world = lived(choices);
      world.dispatch({ kind });
      world.settle(() => world.session.ended);
      // A contribution that is ready waits for its round, which may be over by then.
      if (!world.session.ended && world.open) world.commits();
      expect(world.settle(() => world.session.ended)).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('the state machine never changes a session in place', () => {
  fc.assert(
    fc.property(steps, (choices) => {
      const { session } = lived(choices);
      const before = structuredClone(session);
      advance(session, { kind: 'disconnected', problem: lost, jitter: 0 });
      advance(session, { kind: 'finish' });
      expect(session).toEqual(before);
    }),
    { numRuns: 200 },
  );
});
