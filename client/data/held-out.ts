/** A text on its own, such as a file, a line of JSONL, or one language's declaration. */
export interface TextDocument {
  readonly name: string;
  readonly text: string;
}

/** A document whose held-out part is never trained on. The parts together are the document; either may be empty. */
export interface SplitDocument {
  readonly name: string;
  readonly train: string;
  readonly heldOut: string;
}

/** One part in this many is held out. */
const heldOutStride = 10;

/** Whether the part with this index, from 0, is held out: the 10th, the 20th and so on are. */
export const isHeldOut = (index: number): boolean => index % heldOutStride === heldOutStride - 1;

/**
 * Sets about a tenth of the text aside, always the same tenth of the same documents: every tenth paragraph of a document
 * with ten or more of them; of the others every tenth document if there are ten or more, else the last tenth of each.
 */
export function splitDocuments(documents: readonly TextDocument[]): SplitDocument[] {
  const split = documents.map(({ name, text }) => {
    const paragraphs = text.split(/\n\s*\n/);
    return paragraphs.length < heldOutStride ? undefined : splitParagraphs(name, paragraphs);
  });
  const short = split.filter((document) => document === undefined).length;
  let index = 0;
  return documents.map(({ name, text }, i) => {
    const done = split[i];
    if (done !== undefined) return done;
    if (short < heldOutStride) return splitAtTenth(name, text);
    return isHeldOut(index++) ? { name, train: '', heldOut: text } : { name, train: text, heldOut: '' };
  });
}

function splitParagraphs(name: string, paragraphs: readonly string[]): SplitDocument {
  const join = (keep: boolean) => paragraphs.filter((_, index) => isHeldOut(index) === keep).join('\n\n');
  return { name, train: join(false), heldOut: join(true) };
}

/** Cuts where the last tenth begins, or after a line or word end less than a tenth before. */
function splitAtTenth(name: string, text: string): SplitDocument {
  const tenth = Math.ceil(text.length / heldOutStride);
  const latest = text.length - tenth;
  const earliest = Math.max(0, latest - tenth);
  const before = text.slice(earliest, latest);
  const border = before.lastIndexOf(before.includes('\n') ? '\n' : ' ');
  const cut = border < 0 ? latest : earliest + border + 1;
  const insideCharacter = /[\uDC00-\uDFFF]/.test(text.charAt(cut));
  const place = insideCharacter ? cut - 1 : cut;
  return { name, train: text.slice(0, place), heldOut: text.slice(place) };
}
