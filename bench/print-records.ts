/** Prints each record as it comes, one JSON object a line. */
export async function printRecords(records: AsyncIterable<object>): Promise<void> {
  for await (const record of records) process.stdout.write(`${JSON.stringify(record)}\n`);
}
