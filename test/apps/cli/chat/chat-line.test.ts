import { expect, test } from 'vitest';
import { readChatLine } from '../../../../apps/cli/chat/chat-line.ts';

test.each([
  ['  ', { kind: 'nothing' }],
  [' Hello /retry ', { kind: 'say', text: 'Hello /retry' }],
  ['//retry is a command', { kind: 'say', text: '/retry is a command' }],
  ['/retry', { kind: 'retry' }],
  ['/good', { kind: 'vote', vote: 'good' }],
  ['/bad ', { kind: 'vote', vote: 'bad' }],
  ['/adapter', { kind: 'adapter', name: '' }],
  ['/adapter my-model ', { kind: 'adapter', name: 'my-model' }],
  ['/system Be  kind.', { kind: 'system', text: 'Be  kind.' }],
  ['/help', { kind: 'help' }],
  ['/quit', { kind: 'quit' }],
  ['/retrying', { kind: 'unknown', command: 'retrying' }],
  ['/', { kind: 'unknown', command: '' }],
])('%j', (line, read) => {
  expect(readChatLine(line)).toEqual(read);
});
