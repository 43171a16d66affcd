import { tokenizeCorpus } from '../../../client/data/corpus.ts';
import { Sampler } from '../../../client/data/sampler.ts';
import { byteTokenizer } from '../../../client/data/tokenizer.ts';
import { loadCorpusFiles } from '../../../client/host/corpus-files.ts';

/** Run by corpus-memory.test.ts: prints by how many bytes the process grew while it read, split and tokenized the given files. */
const peak = () => process.resourceUsage().maxRSS * 1024;
const [small = '', large = ''] = process.argv.slice(2);

async function load(path: string): Promise<number> {
  const corpus = await loadCorpusFiles([path], (problem) => {
    throw problem;
  });
  const { train } = await tokenizeCorpus(corpus, byteTokenizer);
  const sampler = new Sampler(train, { batch: 8, sequence: 256 }, 1);
  sampler.next();
  sampler.save();
  return train.length;
}

await load(small);
const before = peak();
const tokens = await load(large);
console.log(JSON.stringify({ grown: peak() - before, tokens }));
