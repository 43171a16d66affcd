import { journalFile } from '../journal/rows.ts';
import { lockFile } from '../journal/sqlite-log.ts';
import { isHash } from '../wire/hex.ts';
import { keyFile } from './relay-key.ts';
import { temporarySuffix } from './temporary-suffix.ts';
import { isUploadName } from './upload-store.ts';

/** What SQLite appends to a database's name for its own files. */
const databaseEnds = ['', '-wal', '-shm', '-journal'];

const ownFiles = new Set([
  ...[journalFile, lockFile].flatMap((name) => databaseEnds.map((end) => name + end)),
  ...[
    keyFile,
    'tls-cert.pem',
    'tls-key.pem',
    'acme-cert.pem',
    'acme-key.pem',
    'acme-account.pem',
    'metrics.jsonl',
    'summary.json',
  ].flatMap((name) => [name, name + temporarySuffix]),
]);

/** Whether a relay makes a file with this path in a run's folder, which also may hold the files of others. */
export function isRunFile(path: string): boolean {
  const [folder = '', shelf = '', name = '', ...rest] = path.split('/');
  if (ownFiles.has(path)) return true;
  if (folder === 'partial') return name === '' && isUploadName(shelf);
  const hash = name.replace(temporarySuffix, '');
  return folder === 'blobs' && rest.length === 0 && isHash(hash) && shelf === hash.slice(0, 2);
}
