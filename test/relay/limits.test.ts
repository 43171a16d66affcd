import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Allowance, Doorway } from '../../relay/limits.ts';

describe('Allowance', () => {
  test('allows the burst at once, then the average, whatever the rhythm', () => {
    const gaps = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(
        gaps,
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        (waits, perSecond, burst) => {
          const allowance = new Allowance(perSecond, burst, 0);
          let now = 0;
          let spent = 0;
          for (const wait of waits) {
            now += wait;
            if (allowance.spend(now)) spent++;
            expect(spent).toBeLessThanOrEqual(burst + (now / 1000) * perSecond + 1e-6);
          }
          // Who waits long enough is always served.
          expect(allowance.spend(now + 1000 / perSecond + 1)).toBe(true);
        },
      ),
    );
  });

  test('a clock that steps back earns nothing', () => {
    const allowance = new Allowance(1000, 1, 1000);
    expect(allowance.spend(1000)).toBe(true);
    expect(allowance.spend(500)).toBe(false);
  });
});

describe('Doorway', () => {
  test('holds each address to its connections, and to those that are joining', () => {
    const doorway = new Doorway({ connectionsPerAddress: 3, joiningPerAddress: 2 });
    const first = doorway.enter('a');
    const second = doorway.enter('a');
    expect(doorway.enter('a')).toBeNull();
    expect(doorway.enter('b')).not.toBeNull();
    first?.joined();
    const third = doorway.enter('a');
    expect(third).not.toBeNull();
    second?.joined();
    expect(doorway.enter('a')).toBeNull();
    third?.left();
    expect(doorway.enter('a')).not.toBeNull();
  });

  test('whatever comes and goes, nobody is counted twice or forgotten', () => {
    const steps = fc.array(fc.tuple(fc.constantFrom('enter', 'joined', 'left'), fc.nat(9)), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (moves) => {
        const doorway = new Doorway({ connectionsPerAddress: 4, joiningPerAddress: 2 });
        const inside: { visit: NonNullable<ReturnType<Doorway['enter']>>; joined: boolean }[] = [];
        for (const [move, at] of moves) {
          const chosen = inside[at];
          if (move === 'enter') {
            const joining = inside.filter(({ joined }) => !joined).length;
            const visit = doorway.enter('a');
            expect(visit !== null).toBe(inside.length < 4 && joining < 2);
            if (visit !== null) inside.push({ visit, joined: false });
          } else if (chosen !== undefined && move === 'joined') {
            chosen.visit.joined();
            chosen.joined = true;
          } else if (chosen !== undefined) {
            chosen.visit.left();
            inside.splice(at, 1);
          }
        }
      }),
    );
  });
});
