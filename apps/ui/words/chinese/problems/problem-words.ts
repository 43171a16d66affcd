import type { ProblemWords } from '../../problems.ts';

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
  'audit.no-receipt': {
    message: '有一个文件既不含收据，也不含检查点。',
    next: '请从节点的文件夹中选择 receipts-….txt 和 checkpoint-….txt 文件。',
  },
  'evaluate.no-token': { message: '只有成员可以读取此训练任务的贡献。', next: '请输入加入口令。' },
  'evaluate.not-granted': {
    message: '此训练任务没有把此浏览器的密钥列为评估者。',
    next: '请把密钥交给中继的运营者，由其用该密钥启动训练任务。',
  },
  'page.unforeseen': {
    message: '发生了本页面不认识的错误。',
    next: '请重新加载页面。如果错误再次出现，请报告。',
  },
  'page.worker': {
    message: '页面中负责计算的部分已停止工作。',
    next: '请重新加载页面。',
  },
  'studio.no-adapter': {
    message: '这个模型是用全部权重构建的，没有适配器。',
    next: '请导出整个模型，或用适配器构建。',
  },
  'studio.no-breaches': {
    message: '配方中没有能发现违规的规则，或者其数据中没有提示。',
    next: '请放入规则文件，或含有受保护领域或检查的章程，以及含有提示的数据。',
  },
  'studio.no-dataset': {
    message: '配方中的一个数据集不在这里。',
    next: '请把文件放到页面上，或从配方中去掉它的名称。',
  },
  'studio.no-file': {
    message: '配方提到的一个文件不在这里。',
    next: '请把文件放到页面上，或从配方中去掉它的名称。',
  },
  'studio.no-model': {
    message: '配方的基座模型不在这里。',
    next: '请把一个基座模型放到页面上，或选择这里已有的一个。',
  },
  'studio.too-large': {
    message: '有一个文件太大。',
    next: '请放入较小的文件：配方、规则和卡片都是短文本。',
  },
  'studio.unknown-file': {
    message: '工作室无法读取一个文件。',
    next: '请放入模型、数据及其卡片、配方、章程、规则或奖励函数。',
  },
  adapter: {
    message: '适配器与此模型不符，或 GPU 的计算有误。',
    next: '英文消息说明了哪里不符。请换用其他适配器或 GPU。',
  },
  build: {
    message: '这次构建无法这样继续。',
    next: '请重新开始构建，或更改英文消息所指之处。',
  },
  card: {
    message: '某张数据卡无效，或不允许这种用途。',
    next: '请更正数据卡，或从配方中去掉这些数据。',
  },
  chat: {
    message: '对话模板与此模型或此文本不符。',
    next: '请选择其他格式或较短的文本。',
  },
  constitution: {
    message: '章程或其投票无法这样使用。',
    next: '请更正文件中英文消息所指之处，再重新放入。',
  },
  corpus: {
    message: '你的文本中有一部分无法这样使用。',
    next: '请更正英文消息所指的文件，或选择其他文件。',
  },
  dataset: {
    message: '某个数据集无法这样使用。',
    next: '请更正英文消息所指的行或列，再重新放入文件。',
  },
  device: {
    message: 'GPU 不足以运行此模型，或其驱动程序有问题。',
    next: '请更新驱动程序、关闭其他程序，或换用其他设备。',
  },
  disk: {
    message: '浏览器的存储空间不足。',
    next: '请释放空间，然后重新加载页面。',
  },
  host: {
    message: '浏览器不允许这样做，或另一个标签页正在使用。',
    next: '请关闭此页面的其他标签页，并允许浏览器所询问的权限。',
  },
  identity: {
    message: '无法读取此设备的密钥。',
    next: '请重新加载页面。如果错误仍然出现，请让此设备忘记你。',
  },
  lineage: {
    message: '此模型的来源与其文件所说的不符。',
    next: '请从来源处重新获取模型。',
  },
  model: {
    message: '模型文件已损坏、不完整，或属于此处无法读取的类型。',
    next: '请重新下载模型，或使用 LLaMA 架构的模型。',
  },
  program: {
    message: '保存的状态与程序不符。',
    next: '请重新加载页面并从头开始。如果错误再次出现，请报告。',
  },
  protected: {
    message: '受保护领域无法这样使用。',
    next: '请更正英文消息所指的规则。',
  },
  recipe: {
    message: '配方与其数据或模型不符。',
    next: '请更改配方中英文消息所指之处。',
  },
  relay: {
    message: '中继的应答不符合要求。',
    next: '请重新加载页面。如果错误仍然出现，请告诉运行中继的人。',
  },
  run: {
    message: '无法这样读取训练任务。',
    next: '请选择训练任务的整个文件夹，或重新开始。',
  },
  text: {
    message: '按这些设置无法写出文本。',
    next: '请更改开头或设置。',
  },
  training: {
    message: '训练得出了不再是数字的值。',
    next: '请使用较小的学习率。正在贡献的节点会自行重新开始。',
  },
};
