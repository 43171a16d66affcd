import { tokenizerFromFile } from '../../../client/data/tokenizer-file.ts';
import { loadNation, nations } from '../../../client/data/udhr/nations.ts';
import { loadCorpusFiles } from '../../../client/host/corpus-files.ts';
import { bpeFile } from '../../support/data/bpe-file.ts';

/** Built and run by headless.test.ts: prints what the bundle reads of the text. */
const corpus = await loadNation('Celtic');
const problems: string[] = [];
const pattern = process.argv[2];
const own = pattern && (await loadCorpusFiles([pattern], ({ code }) => problems.push(code)));
console.log(
  JSON.stringify({
    nations: nations.length,
    train: corpus.train.length,
    heldOut: corpus.heldOut.length,
    hash: corpus.train.hash(),
    own: own ? own.train.length : null,
    bpe: [...tokenizerFromFile(bpeFile(69_980)).encode(' the é')],
    problems,
  }),
);
