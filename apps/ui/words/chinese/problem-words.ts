import type { ProblemWords } from '../catalogue.ts';

/** What problems mean and what to do about them, by their codes, in Chinese. */
export const problemWords: ProblemWords = {
  'adapter.missing': { message: '浏览器没有找到可用的 GPU。', next: '更新显卡驱动程序，然后重启浏览器。' },
  'corpus.none': {
    message: '文件中没有可用的文本。',
    next: '请至少选择一个含有几段文字的文本文件或 JSONL 文件。',
  },
  'corpus.not-text': { message: '有文件不是文本。', next: '请把它导出为纯文本，再选择该文本。' },
  'corpus.too-short': { message: '文本对这次训练任务来说太短。', next: '请增加文本，或选择更长的文本。' },
  'device.lost': { message: 'GPU 失去了连接。', next: '重新加载页面。关闭其他使用 GPU 的程序。' },
  'relay.already-connected': { message: '同一个节点从别处加入了。', next: '请只在一个标签页中运行它。' },
  'relay.bad-token': { message: '加入口令不正确。', next: '请向运行中继的人索取正确的口令。' },
  'relay.cut-off': { message: '与中继的连接中断了。', next: '请再试一次。' },
  'relay.fault': { message: '中继发生了错误。', next: '请稍后再试。如果错误仍然出现，请告诉运行中继的人。' },
  'relay.removed': { message: '主持人已把这个节点移出训练任务。', next: '请向主持人询问原因。' },
  'relay.too-many': { message: '中继暂时不接受更多节点。', next: '请稍后再试，或询问运行中继的人。' },
  'relay.unreachable': { message: '中继没有应答。', next: '检查你的网络，以及中继是否在运行。' },
  'relay.wrong-protocol': { message: '本页面与中继使用不同版本的协议。', next: '重新加载页面。' },
  'relay.wrong-run': { message: '此中继现在进行的是另一次训练任务。', next: '重新加载页面即可加入。' },
};
