import type { FindingWords } from '../../problems.ts';

/** What the verifier finds, by its codes, in Chinese. */
export const findingWords: FindingWords = {
  'entry.form': (entry) => `日志条目 ${entry} 的格式不符合其类型。`,
  'entry.chain': (entry) => `日志条目 ${entry} 被更改过，或没有接在前一条之后。`,
  'entry.rule': (entry) => `日志条目 ${entry} 违反了此次训练任务的规则。`,
  'entry.signature': (entry) => `日志条目 ${entry} 中有一个签名不是应签名者所签。`,
  'entry.derived': (entry) => `日志条目 ${entry} 所说的与由贡献得出的结果不同。`,
  'entry.payload': (entry) => `为日志条目 ${entry} 上传的内容不是此次训练任务的增量。`,
  'entry.expected': (entry) => `日志条目 ${entry} 指明的训练任务或中继与预期不同。`,
  'journal.empty': () => '日志中没有任何条目。',
  'journal.cut-off': (entries, least) =>
    `日志的末尾被截断：它只有到第 ${entries} 条的条目，而之前已知有更晚的条目（${least}）。`,
  'journal.rounds-missing': (rounds) => `日志在第 ${rounds} 轮之后结束，而更晚的一轮已经提交过。`,
  'journal.forked': (entry) => `中继出示过两份日志：它们在第 ${entry} 条之前就已不同。`,
  'journal.damaged': () => '日志文件已损坏。',
  'blob.missing': () => '缺少此次训练任务的一个文件。',
  'blob.changed': () => '此次训练任务的一个文件被更改过：其字节与其名称中的哈希不符。',
  'blob.withheld': () => '中继扣留了一个文件，尽管它所属的轮次已经结束。',
  'blob.not-finite': () => '此次训练任务的一个文件中含有不是数字的值。',
  'upload.changed': () => '一次未完成的上传中有一部分被更改过。',
  'file.misplaced': () => '文件夹中有一个不属于那里的文件。',
  'key.other': () => '文件夹中的密钥不是清单所指明的密钥。',
  'evidence.unsigned': () => '保存的一份收据或检查点不是由此次训练任务的中继签名的。',
  more: (count) => `还有 ${count} 个问题未在此列出。`,
};
