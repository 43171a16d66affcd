import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import type { StoredEntry } from '../../../../relay/journal/entry.ts';
import { parseRelayKey } from '../../../../relay/storage/relay-key.ts';
import { blobPlace } from '../../../../relay/verify/source.ts';
import { fromHex } from '../../../../relay/wire/hex.ts';
import { acknowledgementBytes, sign } from '../../../../relay/wire/signatures.ts';
import { testNode } from '../run-support.ts';
import { rechained, replaceEntries, resigned, rewrite, rowsOf } from '../written-run.ts';
import { manifestOf } from './manifest-of.ts';
import { type KeptFile, type PlantedRun, receiptsFile } from './planted-run.ts';

/** A change in a copy of a run, or a file that was kept of it; `plant` gives what a verifier is given besides the run. */
export interface PlantedChange {
  readonly name: string;
  readonly plant: (run: PlantedRun) => Promise<KeptFile[]>;
}

type Body = Record<string, unknown>;

const journalOf = ({ folder }: PlantedRun) => `${folder}/journal.sqlite`;
const zeros = '0'.repeat(64);

function bodyOf(row: StoredEntry | undefined): Body {
  return JSON.parse(row?.body ?? '{}');
}

/** Indexes of the entries of a kind. */
function placesOf(rows: readonly StoredEntry[], kind: string): number[] {
  return rows.flatMap((row, index) => (row.kind === kind ? [index] : []));
}

/** The file of the payload of the contribution `index`, from 0. */
function payloadFile(run: PlantedRun, index: number): string {
  const rows = rowsOf(journalOf(run));
  const at = placesOf(rows, 'contribution-accepted')[index] ?? 0;
  return `${run.folder}/${blobPlace(String(bodyOf(rows[at])['payload']))}`;
}

/** A change of files alone. */
function filed(change: (run: PlantedRun) => void): PlantedChange['plant'] {
  return async (run) => {
    change(run);
    return [];
  };
}

/** A change of the journal's entries, whose chain is made to fit by whoever changes it. */
function chained(change: (rows: StoredEntry[]) => readonly StoredEntry[]): PlantedChange['plant'] {
  return filed((run) => replaceEntries(journalOf(run), rechained(change(rowsOf(journalOf(run))))));
}

/** A change of the body of the entry `index` of a kind. */
function inBody(kind: string, index: number, change: (body: Body) => void): PlantedChange['plant'] {
  return chained((rows) => {
    const at = placesOf(rows, kind)[index] ?? 0;
    return rows.map((row, place) => {
      if (place !== at) return row;
      const body = bodyOf(row);
      change(body);
      return { ...row, body: JSON.stringify(body) };
    });
  });
}

function flipBit(file: string): void {
  const bytes = readFileSync(file);
  bytes[40] = (bytes[40] ?? 0) ^ 4;
  writeFileSync(file, bytes);
}

/** Two entries exchanged, with the numbers of the places that they take. */
function exchanged(rows: readonly StoredEntry[], first: number, second: number): StoredEntry[] {
  return rows.map((row, index) => {
    const other = index === first ? rows[second] : index === second ? rows[first] : undefined;
    return other === undefined ? row : { ...other, time: row.time };
  });
}

/** What somebody may change in a run whose folder or relay they hold, or claim of it. */
export const plantedChanges: readonly PlantedChange[] = [
  { name: 'a bit of a payload', plant: filed((run) => flipBit(payloadFile(run, 17))) },
  {
    name: 'two payloads exchanged',
    plant: filed((run) => {
      const [first, second] = [payloadFile(run, 4), payloadFile(run, 9)];
      renameSync(first, `${run.folder}/between`);
      renameSync(second, first);
      renameSync(`${run.folder}/between`, second);
    }),
  },
  { name: 'a payload removed', plant: filed((run) => rmSync(payloadFile(run, 30))) },
  {
    name: 'the end of a payload cut off',
    plant: filed((run) => {
      const file = payloadFile(run, 12);
      writeFileSync(file, readFileSync(file).subarray(0, -1));
    }),
  },
  {
    name: 'a bit of the first base',
    plant: filed((run) => {
      const [created] = rowsOf(journalOf(run));
      flipBit(`${run.folder}/${blobPlace(manifestOf(String(bodyOf(created)['manifest'])).initialBase)}`);
    }),
  },
  {
    name: 'a bit of the newest base',
    plant: filed((run) => {
      const commit = rowsOf(journalOf(run)).findLast(({ kind }) => kind === 'round-committed');
      const [base] = String(bodyOf(commit)['state']).split(',');
      flipBit(`${run.folder}/${blobPlace(base ?? '')}`);
    }),
  },
  {
    name: 'a token count, with the chain as it was',
    plant: filed((run) =>
      rewrite(
        journalOf(run),
        `update entries set body = replace(body, '"tokens":320', '"tokens":310') where sequence = 23`,
      ),
    ),
  },
  {
    name: 'a token count',
    plant: inBody('contribution-accepted', 25, (body) => {
      body['tokens'] = 288;
    }),
  },
  {
    name: 'a token count that fits its steps',
    plant: inBody('contribution-accepted', 26, (body) => Object.assign(body, { steps: 9, tokens: 288 })),
  },
  {
    name: 'the signatures of two contributions exchanged',
    plant: chained((rows) => {
      const [first = 0, second = 0] = placesOf(rows, 'contribution-accepted').slice(10, 12);
      const [own, other] = [bodyOf(rows[first]), bodyOf(rows[second])];
      const signed = (body: Body, signature: unknown) => JSON.stringify({ ...body, signature });
      return rows.map((row, index) => {
        if (index === first) return { ...row, body: signed(own, other['signature']) };
        return index === second ? { ...row, body: signed(other, own['signature']) } : row;
      });
    }),
  },
  {
    name: 'a contribution under the key of another node',
    plant: inBody('contribution-accepted', 6, (body) => {
      body['key'] = zeros;
    }),
  },
  {
    name: 'an entry removed',
    plant: filed((run) => rewrite(journalOf(run), 'delete from entries where sequence = 33')),
  },
  {
    name: 'an entry removed and the others numbered again',
    plant: chained((rows) => rows.filter(({ sequence }) => sequence !== 33)),
  },
  {
    name: 'two contributions in another order',
    plant: chained((rows) => {
      const [first = 0, second = 0] = placesOf(rows, 'contribution-accepted').slice(14, 16);
      return exchanged(rows, first, second);
    }),
  },
  {
    name: 'another base in a commit',
    plant: inBody('round-committed', 8, (body) => {
      body['state'] = [zeros, ...String(body['state']).split(',').slice(1)];
    }),
  },
  {
    name: 'another base at the opening of a round',
    plant: inBody('round-opened', 13, (body) => {
      body['base'] = zeros;
    }),
  },
  {
    name: 'checkpoints signed by another key',
    plant: async (run) => {
      replaceEntries(journalOf(run), await resigned(rowsOf(journalOf(run)), await testNode(99)));
      return [];
    },
  },
  {
    name: 'a forged receipt',
    plant: async ({ receipts }) => {
      const [receipt] = receipts;
      return receipt === undefined ? [] : [receiptsFile([{ ...receipt, signature: new Uint8Array(64) }])];
    },
  },
  {
    name: 'a receipt of another journal',
    plant: async (run) => {
      const receipt = run.receipts[11];
      if (receipt === undefined) return [];
      const key = await parseRelayKey(readFileSync(`${run.folder}/relay.key`));
      const other = { ...receipt, entry: new Uint8Array(32).fill(7) };
      const [created] = rowsOf(journalOf(run));
      const { id } = manifestOf(String(bodyOf(created)['manifest']));
      const signature = await sign(key.signing, acknowledgementBytes(fromHex(id), other));
      return [receiptsFile([{ ...other, signature }])];
    },
  },
  {
    name: 'the end cut off, which a kept checkpoint knows',
    plant: async (run) => {
      const rows = rowsOf(journalOf(run));
      const [cut = 0] = placesOf(rows, 'round-committed').slice(15);
      rewrite(journalOf(run), `delete from entries where sequence > ${cut + 1}`);
      return [{ name: 'checkpoint-1.txt', bytes: run.checkpoint }];
    },
  },
];
