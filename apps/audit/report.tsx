import { storedIdentity } from '../../client/host/browser/identity.ts';
import { reportText } from '../../relay/verify/report/audit-report.ts';
import { signReport } from '../../relay/verify/report/signed-report.ts';
import { saveFile } from '../ui/files/saving.ts';
import { messages } from '../ui/messages.ts';
import { problemOf } from '../ui/problem.ts';
import type { Session } from './session.ts';

const words = messages.audit;

/** Saves what the audit found: signed with the key of this browser, or as text. A flipped bit is nothing to report. */
export function Report({ session }: { session: Session }) {
  const audited = session.audited.value;
  if (audited === null || session.flipped.value !== null) return null;
  const name = `audit-${(audited.run ?? 'unknown').slice(0, 16)}`;
  const save = async () => {
    try {
      const text = await signReport(audited, await storedIdentity());
      saveFile({ name: `${name}.json`, blob: new Blob([text], { type: 'application/json' }) });
    } catch (error) {
      session.problem.value = problemOf(error);
    }
  };
  return (
    <div class="report">
      <p class="muted">
        {words.reportHelp} <code>tapestry verify {name}.json</code>
      </p>
      <div class="buttons">
        <button type="button" class="button" onClick={() => void save()}>
          {words.saveReport}
        </button>
        <button
          type="button"
          class="button"
          onClick={() => saveFile({ name: `${name}.txt`, blob: new Blob([`${reportText(audited)}\n`]) })}
        >
          {words.saveText}
        </button>
      </div>
    </div>
  );
}
