import { documentBegins, documentEnds, TextBytes } from './text-bytes.ts';

/** One part of every this many is held out. */
const heldOutStride = 10;

/** Bytes of a held-out part, approximately. A long text has several such parts, spread over it; a short text has its end. */
const heldOutPart = 4096;

/** True if the part with this index (from 0) is held out: the 10th, the 20th and so on. */
export const isHeldOut = (index: number): boolean => index % heldOutStride === heldOutStride - 1;

/**
 * Holds out about a tenth of the text, always the same tenth of the same text, for documents of any length. The
 * text is divided into equal periods, and the last tenth of each is held out. Both ends of a held-out part are moved to the
 * nearby end of a document, paragraph, line or word. A part that is cut out of a document becomes a separate document.
 */
export function splitText(text: TextBytes): { train: TextBytes; heldOut: TextBytes } {
  const [train, heldOut] = [new TextBytes(), new TextBytes()];
  const periods = Math.max(1, Math.floor(text.length / (heldOutStride * heldOutPart)));
  const period = text.length / periods;
  const reach = period / heldOutStride / 2;
  const border = (place: number) =>
    place >= text.length ? text.length : borderAfter(text, Math.floor(place), reach);
  let from = 0;
  for (let index = 1; index <= periods; index++) {
    const cut = border((index - 1 / heldOutStride) * period);
    const to = border(index === periods ? text.length : index * period);
    copyDocuments(text, from, cut, train);
    copyDocuments(text, cut, to, heldOut);
    from = to;
  }
  return { train, heldOut };
}

/** The best position to cut at or after `place`, within `reach` bytes; never inside a character. */
function borderAfter(text: TextBytes, place: number, reach: number): number {
  let at = place;
  let before = text.at(at - 1);
  let [paragraph, line, word, character] = [-1, -1, -1, -1];
  for (const view of text.views(place, place + Math.max(4, Math.ceil(reach)))) {
    for (const byte of view) {
      if (byte === documentBegins) return at;
      if (byte === documentEnds) return at + 1;
      if (character < 0 && (byte & 0xc0) !== 0x80) character = at;
      at++;
      if (byte === 0x0a && before === 0x0a && paragraph < 0) paragraph = at;
      if (byte === 0x0a && line < 0) line = at;
      if (byte === 0x20 && word < 0) word = at;
      before = byte;
    }
  }
  return [paragraph, line, word, character].find((border) => border >= 0) ?? at;
}

function copyDocuments(text: TextBytes, from: number, to: number, into: TextBytes): void {
  if (from >= to) return;
  if (text.at(from) !== documentBegins) into.begin();
  for (const view of text.views(from, to)) into.append(view);
  if (text.at(to - 1) !== documentEnds) into.end();
}
