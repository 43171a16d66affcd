import { domainsAt } from '../../../../apps/cli/protect/rules-file.ts';
import { StreamGuard } from '../../../../client/derive/protect/stream-guard.ts';

// The processor's microseconds that rules take to be made ready, and then the first reply of this process.
const [, , path] = process.argv;
const used = (since?: NodeJS.CpuUsage) => process.threadCpuUsage(since);
const spent = ({ user, system }: NodeJS.CpuUsage) => user + system;
const begun = used();
const domains = await domainsAt(path);
const ready = spent(used(begun));
if (domains === null) throw new Error('no rules were named');
const before = used();
const guard = new StreamGuard(domains);
const line = 'A reply of many words, some of them (3 or 4) “quoted”; it ends with 1,000 letters. ';
for (let at = 0; at < 12 * line.length; at += 4) {
  const from = at % line.length;
  guard.push(line.slice(from, from + 4));
}
guard.end();
console.log(JSON.stringify({ ready, first: spent(used(before)) }));
