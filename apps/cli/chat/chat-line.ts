import type { Vote } from '../../../client/derive/chat/conversation.ts';

/** What a person typed. */
export type ChatLine =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'say'; readonly text: string }
  | { readonly kind: 'adapter'; readonly name: string }
  | { readonly kind: 'system'; readonly text: string }
  | { readonly kind: 'vote'; readonly vote: Vote }
  | { readonly kind: 'retry' }
  | { readonly kind: 'help' }
  | { readonly kind: 'quit' }
  | { readonly kind: 'unknown'; readonly command: string };

/** The commands of a chat. */
export const chatHelp = `/retry            answer the last message again
/good, /bad       vote on the last answer; with /retry, votes make preference pairs
/adapter [name]   answer with an adapter; "none" for the model itself; without a name, list them
/system [text]    begin a new conversation with this system message, or with none
/help             show this
/quit             leave; so do Ctrl-D and Ctrl-C twice
//text            say /text. Ctrl-C stops an answer.`;

/** Reads a line: a command begins with one slash, and two slashes say a text that begins with one. */
export function readChatLine(line: string): ChatLine {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('//')) return { kind: 'say', text: text.slice(1) };
  if (!text.startsWith('/')) return { kind: 'say', text };
  const [, command = '', rest = ''] = /^\/(\S*)\s*(.*)$/s.exec(text) ?? [];
  switch (command) {
    case 'adapter':
      return { kind: 'adapter', name: rest };
    case 'system':
      return { kind: 'system', text: rest };
    case 'good':
    case 'bad':
      return { kind: 'vote', vote: command };
    case 'retry':
    case 'help':
    case 'quit':
      return { kind: command };
    default:
      return { kind: 'unknown', command };
  }
}
