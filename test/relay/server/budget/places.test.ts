import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Place, Places } from '../../../../relay/server/budget/places.ts';

function takes(places: Places, key: string, giveWay: (() => void) | null = null, isMember = false): Place {
  const place = places.take(key, giveWay, isMember);
  if (typeof place === 'string') throw new Error(`full: ${place}`);
  return place;
}

test('bounds the places of each key and of all, and frees a place only once', () => {
  const places = new Places({ most: 3, mostEach: 2 });
  const first = takes(places, 'a');
  takes(places, 'a');
  expect(places.take('a')).toBe('each');
  takes(places, 'b');
  expect(places.take('c')).toBe('all');
  first.leave();
  first.leave();
  expect(places.count).toBe(2);
  takes(places, 'a');
  expect(places.take('a')).toBe('each');
});

test("while all places are taken, a small holder gets the largest holder's oldest that is not pinned", () => {
  const places = new Places({ most: 4, mostEach: 4 });
  const gone: string[] = [];
  const flood = (name: string) => takes(places, 'flood', () => gone.push(name));
  flood('joined').pin();
  for (const name of ['oldest', 'older', 'newest']) flood(name);
  takes(places, 'honest');
  expect([gone, places.count]).toEqual([['oldest'], 4]);
  takes(places, 'honest');
  // Both have two now: neither takes from the other.
  expect([gone, places.take('honest')]).toEqual([['oldest', 'older'], 'all']);
  takes(places, 'third');
  expect(gone).toEqual(['oldest', 'older', 'newest']);
});

test('strangers leave the reserved places to members', () => {
  const places = new Places({ most: 4, mostEach: 4, reserved: 2 });
  takes(places, 'a');
  takes(places, 'b');
  expect(places.take('c')).toBe('all');
  takes(places, 'member', null, true);
  takes(places, 'member', null, true);
  expect(places.take('member', null, true)).toBe('all');
});

test('counts each place exactly once, in any order of taking, leaving and giving way', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.boolean(), fc.nat(9)), {
    maxLength: 200,
  });
  fc.assert(
    fc.property(steps, (moves) => {
      const places = new Places({ most: 5, mostEach: 4 });
      const inside = new Set<{ key: string; place: Place | null }>();
      for (const [key, isTaking, at] of moves) {
        const chosen = [...inside][at];
        if (isTaking) {
          const one: { key: string; place: Place | null } = { key, place: null };
          const place = places.take(key, () => inside.delete(one));
          const own = [...inside].filter((other) => other.key === key).length;
          if (place === 'each') expect(own).toBe(4);
          if (typeof place === 'string') continue;
          one.place = place;
          inside.add(one);
        } else if (chosen !== undefined) {
          chosen.place?.leave();
          inside.delete(chosen);
        }
        expect(places.count).toBe(inside.size);
        expect(places.count).toBeLessThanOrEqual(5);
      }
    }),
  );
});
