import type { WarningWords } from '../../catalogue.ts';

/** What people read before their browser warns of a relay's own certificate, in Chinese. */
export const warningWords: WarningWords = {
  language: '语言',
  title: '浏览器将发出警告',
  why: '这个中继使用自己签发的证书，因为没有机构会为没有公开域名的机器作保。浏览器不认识这个证书，所以接下来会显示一个警告页面。',
  compareHeading: '核对这四个单词',
  compare: '主持人的屏幕上，或运行中继的人的终端里，必须显示同样的单词。如果不同，请在此停下，并告诉对方。',
  forged: '请与那块屏幕核对，不要与别的网页核对：本页面尚未加密，你所在网络中的人可能伪造它。',
  passHeading: '然后越过警告',
  chrome: '点击“高级”，再点击“继续前往…（不安全）”。',
  firefox: '点击“高级…”，再点击“接受风险并继续”。',
  safari: '点击“显示详细信息”，再点击访问此网站的链接，并确认。',
  go: '继续前往中继',
  byHand: '在上方地址的 http 后面加一个 s，使它以 https 开头，然后打开。',
  certainHeading: '若要确定：完整的指纹',
  certain:
    '伪造的页面也可能显示正确的单词。真正起作用的是浏览器随后收到的证书：在警告页面里或地址旁打开它的详细信息，将其 SHA-256 与中继终端里的核对。这个中继的是：',
};
