import { create } from '@bufbuild/protobuf';
import { expect, test } from 'vitest';
import { plannedRound } from '../../../../client/contribute/protocol/round-plan.ts';
import { advance } from '../../../../client/contribute/session/session.ts';
import { newSession, type Round, type SessionEvent } from '../../../../client/contribute/session/state.ts';
import { RoundPlanSchema } from '../../../../relay/wire/tapestry_pb.js';

const round: Round = { round: 1, base: 'base 0', attempt: 1, localSteps: 5, normBound: 1 };
const joined: SessionEvent[] = [
  { kind: 'start' },
  { kind: 'connected' },
  { kind: 'welcomed', round: 1, base: 'base 0' },
  { kind: 'opened', round },
];
const measured = { plannedMs: 500, workMs: 400, graceMs: 100, trainingMs: 300, uploadMs: 80 };

/** The plan of an attempt at round 1, received at 1000 on the node's clock. */
const planOf = (attempt: number, times: Partial<typeof measured> = {}) =>
  plannedRound(create(RoundPlanSchema, { round: 1, attempt, ...measured, ...times }), 1000);

const after = (...events: SessionEvent[]) =>
  [...joined, ...events].reduce((session, event) => advance(session, event)[0], newSession);

test('a node takes the plan of the open attempt, and of no other', () => {
  expect(after(planOf(1)).plan).toEqual({ round: 1, attempt: 1, workUntil: 1400 });
  expect(after(planOf(2)).plan).toBeNull();
  expect(after(planOf(1), { kind: 'opened', round: { ...round, attempt: 2 } }).plan).toBeNull();
});

test('it stops training earlier where its upload takes longer than the grace', () => {
  expect(after(planOf(1, { uploadMs: 240 })).plan?.workUntil).toBe(1200);
  expect(after(planOf(1, { uploadMs: 4000 })).plan?.workUntil).toBe(1000);
});

test('it says in numbers that a round is too short for it', () => {
  const [, fits] = advance(after(), planOf(1));
  expect(fits).toMatchObject([{ event: { event: 'plan', tooShort: false, plannedMilliseconds: 500 } }]);
  const [, short] = advance(after(), planOf(1, { trainingMs: 900 }));
  expect(short).toMatchObject([{ event: { event: 'plan', tooShort: true, trainingMilliseconds: 900 } }]);
});
