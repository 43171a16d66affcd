import { expect, test } from 'vitest';
import { withoutWarnings } from '../../../apps/setup/native-warnings.mjs';

const warning = (kind: string) =>
  `Warning: maxDynamic${kind}BuffersPerPipelineLayout artificially reduced from 1000000 to 16 to fit dynamic offset allocation limit.\n`;

/** The text passed on from a stderr that arrives in these pieces. */
async function passedOn(pieces: readonly string[]): Promise<string> {
  let text = '';
  async function* stderr() {
    for (const piece of pieces) yield Buffer.from(piece);
  }
  await withoutWarnings(stderr(), (more) => {
    text += more;
  });
  return text;
}

test("Dawn's two warnings are left out, at any cut between pieces", async () => {
  const whole = `one\n${warning('Uniform')}${warning('Storage')}two: é`;
  for (let at = 0; at <= whole.length; at += 7)
    expect(await passedOn([whole.slice(0, at), whole.slice(at)])).toBe('one\ntwo: é');
});

test('any other warning is passed on', async () => {
  const other = 'Warning: maxBufferSize artificially reduced from 2 to 1.\n';
  expect(await passedOn([other, 'no end'])).toBe(`${other}no end`);
});
