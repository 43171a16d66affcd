import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Seats } from '../../../../relay/server/budget/seats.ts';

test('a key that left keeps its seat until the round ends', () => {
  const seats = new Seats();
  expect(seats.take('k1', 'a', 1)).toBe(true);
  seats.leave('k1');
  expect([seats.take('k2', 'a', 1), seats.take('k1', 'a', 1)]).toEqual([false, true]);
  seats.roundEnded();
  expect(seats.take('k2', 'a', 1)).toBe(false);
  seats.leave('k1');
  seats.roundEnded();
  expect(seats.take('k2', 'a', 1)).toBe(true);
});

test('a holder has room for its own keys, and for others until all its seats are taken', () => {
  const seats = new Seats();
  expect(seats.hasRoom('a', 'home', 1)).toBe(true);
  seats.take('a', 'home', 1);
  expect([seats.hasRoom('a', 'home', 1), seats.hasRoom('b', 'home', 1)]).toEqual([true, false]);
  expect(seats.hasRoom('a', 'work', 1)).toBe(true);
  expect(seats.hasRoom('a', 'work', 0)).toBe(false);
});

test('a key that joins from another holder moves its seat', () => {
  const seats = new Seats();
  seats.take('k1', 'a', 1);
  expect(seats.take('k1', 'b', 1)).toBe(true);
  expect([seats.take('k2', 'a', 1), seats.take('k3', 'b', 1)]).toEqual([true, false]);
});

test('no holder brings more keys to a round than it has seats, in any order of joining and leaving', () => {
  const moves = fc.array(fc.tuple(fc.constantFrom('join', 'leave', 'round'), fc.nat(9)), { maxLength: 200 });
  fc.assert(
    fc.property(moves, (steps) => {
      const seats = new Seats();
      const connected: string[] = [];
      let voices = new Set<string>();
      for (const [move, at] of steps) {
        const key = `k${at}`;
        if (move === 'join' && seats.take(key, 'a', 3)) {
          connected.push(key);
          voices.add(key);
        } else if (move === 'leave' && connected.includes(key)) {
          connected.splice(connected.indexOf(key), 1);
          seats.leave(key);
        } else if (move === 'round') {
          seats.roundEnded();
          voices = new Set(connected);
        }
        expect(voices.size).toBeLessThanOrEqual(3);
      }
    }),
  );
});
