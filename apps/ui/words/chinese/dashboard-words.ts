import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the dashboard, in Chinese. */
export const dashboardWords: Messages['dashboard'] = {
  description: '实时查看 Tapestry 训练任务：节点、轮次和损失。',
  title: '仪表板 – Tapestry',
  fullScreen: '全屏',
  leaveFullScreen: '退出全屏',
  facts: (parameters, rounds, steps) =>
    [
      plural(parameters, { other: '# 个参数 · ' }),
      plural(rounds, { other: '# 轮，' }),
      plural(steps, { other: '每轮 # 个本地步' }),
    ].join(''),
  upper: (layers, of) => `慢速设备可以只训练上层（${of} 层中的 ${layers} 层）`,
  upstream: {
    following: (round) =>
      round === 0 ? '跟随一个上级中继' : `来自上级中继的基座模型，在其第 ${round} 轮之后`,
    alone: (round) => (round === 0 ? '脱离上级中继独立运行' : `自上级中继第 ${round} 轮的基座模型起独立运行`),
  },
  round: '轮次',
  ofRounds: (rounds) => `/ ${rounds}`,
  phases: {
    waiting: '等待节点',
    training: '训练中',
    grace: '最后的贡献',
    complete: '已完成',
  },
  waitingFor: (nodes, quorum) => plural(quorum, { other: `需要 # 个节点，已有 ${nodes} 个` }),
  contributions: '贡献',
  ofTarget: (target) => `/ ${target}`,
  timeLeft: '剩余时间',
  completeHeading: (done, rounds) =>
    done === rounds
      ? plural(rounds, { other: '全部 # 轮已完成' })
      : plural(rounds, { other: `训练任务已结束：共 # 轮，完成 ${done} 轮` }),
  completeLoss: (from, to) => `留出文本上的损失 ${from} → ${to}，由节点报告`,
  completeProbe: (loss) => `损失 ${loss}，由中继测量`,
  nodes: '节点',
  noNodes: '还没有节点加入。节点加入后会显示在这里。',
  nodesGone: '所有节点都已离开。',
  showAll: (count) => plural(count, { other: '显示全部 # 个' }),
  showFewer: '收起',
  lossShort: '损失',
  reported: '损失、步数、token 数、速度和下载量均由节点报告。',
  rate: (tokens) => `${tokens}/秒`,
  nodeSteps: (done, steps) => `第 ${done} 步，共 ${steps} 步`,
  nodeUpper: '训练上层',
  nodeMoved: (sent, received) => `已发送 ${sent}，已接收 ${received}`,
  totals: '合计',
  tokens: 'token 数',
  tokensPerSecond: '报告的 token/秒',
  accepted: '已接受的贡献',
  moved: '传输的字节',
  less: (times) => `比数据并行训练少 ${times}`,
  dataParallel: (bytes) => `如果每一步都交换梯度，要传输 ${bytes}。`,
  base: '基座模型',
  baseFile: (size) => `${size}，32 位浮点数`,
  verify: '凡是可以读取贡献的人，都能逐位重新推导这个基座模型：',
  audit: '在此浏览器中核查',
  sample: '基座模型写的文本',
  sampleRound: (round) => (round === 0 ? '第一轮之前' : `第 ${round} 轮之后`),
  noSample: '最初几轮之后，模型写的文本会显示在这里。',
  join: '加入',
  joinHow: '扫描，或用支持 WebGPU 的浏览器打开：',
  joinSteps: ['扫描二维码或打开地址', '选择文本：它留在你的设备上', '按“开始”'],
  certificate: '中继证书的四个单词，与中继终端显示的相同：',
  joinClosed: '这次训练任务已完成。中继按哈希值提供它的基座模型。',
  qr: (address) => `${address} 的二维码`,
  localOnly: '这个地址只能在本机使用。要让其他机器使用，请用 --host 0.0.0.0 --tls auto 启动中继。',
  insecure: '其他机器上的浏览器需要 https 才能使用 WebGPU。请用 --tls auto 启动中继。',
};
