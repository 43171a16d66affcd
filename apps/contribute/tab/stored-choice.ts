import * as v from 'valibot';

/** Rounds after which a person may let the node stop. */
export const roundChoices = [1, 3, 10, 30] as const;

const name = 'tapestry choice';

/** A folder may have many more files than a person wants to read again. */
const storedNames = 100;

/** The person's choices as a reload finds them: of files only the names, because the text is read only where it was chosen. */
const storedChoiceSchema = v.strictObject({
  source: v.picklist(['corpus', 'files']),
  corpus: v.pipe(v.string(), v.maxLength(200)),
  fileNames: v.pipe(v.array(v.pipe(v.string(), v.maxLength(300))), v.maxLength(storedNames)),
  /** True if the person pasted a text, which is not stored. */
  hasPasted: v.boolean(),
  token: v.pipe(v.string(), v.maxLength(1000)),
  power: v.pipe(v.number(), v.minValue(0.1), v.maxValue(1)),
  stopAfter: v.nullable(v.picklist(roundChoices)),
});
export type StoredChoice = v.InferOutput<typeof storedChoiceSchema>;

/** Reads a stored choice; null if the text is none. */
export function parseStoredChoice(text: string | null): StoredChoice | null {
  try {
    const parsed = v.safeParse(storedChoiceSchema, JSON.parse(text ?? 'null'));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

/** The choice that this tab stored before it was reloaded; null if there is none. It ends with the tab. */
export function loadChoice(): StoredChoice | null {
  return parseStoredChoice(sessionStorage.getItem(name));
}

/** Stores the choice for a reload. A browser without room for it shows the page as at the first visit. */
export function storeChoice(choice: StoredChoice): void {
  const fileNames = choice.fileNames.slice(0, storedNames);
  const parsed = v.safeParse(storedChoiceSchema, { ...choice, fileNames });
  if (!parsed.success) return;
  try {
    sessionStorage.setItem(name, JSON.stringify(parsed.output));
  } catch {
    sessionStorage.removeItem(name);
  }
}

export function forgetChoice(): void {
  sessionStorage.removeItem(name);
}
