import { pluralIn } from '../../language/plural.ts';

/*
 * 术语表：adapter 适配器 · base 基座模型 · board 委员会 · bit for bit 逐位 · constitution 章程 · contribution 贡献 ·
 * corpus 语料 · data card 数据卡 · delta 增量 · derive again 重新推导 · held-out 留出 · join 加入 · join token 加入口令 ·
 * journal 日志 · loss 损失 · merge 合并 · node 节点 · presenter 主持人 · principle 原则 · prompt 提示 ·
 * protected domain 受保护领域 · receipt 收据 · recipe 配方 · relay 中继 · reward 奖励 · round 轮 · run 共同训练（“训练任务”）·
 * stage 阶段 · step 步 · token (of text) token。称呼：你。
 */

/** The forms of Chinese plural rules. */
export const pluralForms = ['other'] as const;

export const plural = pluralIn('zh', pluralForms);
