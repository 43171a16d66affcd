import type { ChatMessage } from '../../data/chat-template.ts';

/** One turn of a conversation. */
export type Message = ChatMessage;

/** A part of a row: plain text, or messages that a chat template writes as text. */
export type Turns = string | readonly Message[];

/** One row of a dataset, whatever columns it came from. */
export type Row =
  | { readonly form: 'text'; readonly text: string }
  | { readonly form: 'messages'; readonly messages: readonly Message[] }
  | { readonly form: 'answer'; readonly prompt: Turns; readonly completion: Turns }
  | {
      readonly form: 'preference';
      readonly prompt: Turns;
      readonly chosen: Turns;
      readonly rejected: Turns;
      /** By how much the chosen answer should score higher than the rejected one. */
      readonly margin?: number;
    }
  | {
      readonly form: 'label';
      readonly prompt: Turns;
      readonly completion: Turns;
      /** True if the completion is a wanted one. */
      readonly label: boolean;
    }
  | { readonly form: 'prompt'; readonly prompt: Turns };

export type RowForm = Row['form'];

/** The text that a row answers: what must not be on both sides of a split. For a row without a prompt it is the row's own text. */
export function promptOf(row: Row): string {
  switch (row.form) {
    case 'text':
      return row.text;
    case 'messages':
      return plain(beforeAnswer(row.messages));
    case 'answer':
    case 'label':
      return plain(row.prompt) || plain(row.completion);
    case 'preference':
      return plain(row.prompt) || plain(row.chosen);
    case 'prompt':
      return plain(row.prompt);
    default:
      return row satisfies never;
  }
}

/** All texts of a row, one a paragraph. */
export function textOf(row: Row): string {
  switch (row.form) {
    case 'text':
      return row.text;
    case 'messages':
      return plain(row.messages);
    case 'answer':
    case 'label':
      return [row.prompt, row.completion].map(plain).join('\n');
    case 'preference':
      return [row.prompt, row.chosen, row.prompt, row.rejected].map(plain).join('\n');
    case 'prompt':
      return plain(row.prompt);
    default:
      return row satisfies never;
  }
}

/** The messages before the first answer of the assistant; all of them if there is none. */
function beforeAnswer(messages: readonly Message[]): readonly Message[] {
  const answer = messages.findIndex(({ role }) => role === 'assistant');
  return answer < 0 ? messages : messages.slice(0, answer);
}

/** Turns as text: messages by their content alone. */
export function plain(turns: Turns): string {
  return typeof turns === 'string' ? turns : turns.map(({ content }) => content).join('\n');
}
