import { loadNation, nations } from '../../../client/data/nations.ts';
import { Sampler } from '../../../client/data/sampler.ts';
import { loadCorpusFiles } from '../../../client/host/corpus-files.ts';

/** Built and run by headless.test.ts: what of the text can be seen from a bundle. */
const corpus = await loadNation('Celtic');
const problems: string[] = [];
const pattern = process.argv[2];
const own = pattern && (await loadCorpusFiles([pattern], ({ code }) => problems.push(code)));
console.log(
  JSON.stringify({
    nations: nations.length,
    train: corpus.train.length,
    heldOut: corpus.heldOut.length,
    hash: new Sampler(corpus.train, { batch: 1, sequence: 64 }, 1).save().tokens,
    own: own ? own.train.length : null,
    problems,
  }),
);
