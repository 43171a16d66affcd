import { catalogue } from './language/language.ts';
import type { Messages } from './words/catalogue.ts';

/**
 * A view of a part of the catalogue. It reads the text in the language of the page at each access, so that what renders or
 * computes with it follows a change of the language, as with a signal. Parts have views; texts and lists are themselves.
 */
export function viewOf<Part extends object>(part: () => Part | null): Part {
  const views = new Map<PropertyKey, object>();
  const empty: Part = Object.create(null);
  const read = (key: PropertyKey) => {
    const now = part();
    const value = now === null ? null : Reflect.get(now, key);
    // Before the first language is loaded, modules take the parts that they will read. Who writes one asks for its symbols.
    if (now === null && typeof key === 'symbol') throw new Error('No language is loaded yet: call speak().');
    const isPart = now === null || (typeof value === 'object' && value !== null && !Array.isArray(value));
    if (!isPart) return value;
    const view = views.get(key) ?? viewOf(() => (part() === null ? null : Reflect.get(part() ?? {}, key)));
    views.set(key, view);
    return view;
  };
  return new Proxy(empty, {
    get: (_, key) => read(key),
    has: (_, key) => Object.hasOwn(part() ?? {}, key),
    ownKeys: () => Reflect.ownKeys(part() ?? {}),
    getOwnPropertyDescriptor: (_, key) =>
      Object.hasOwn(part() ?? {}, key)
        ? { value: read(key), enumerable: true, configurable: true }
        : undefined,
  });
}

/** Every text that the pages show, in the language of the page. */
export const messages: Messages = viewOf(() => catalogue.value);
