import { useSignal } from '@preact/signals';
import { GivenFiles } from '../../ui/files/given-files.tsx';
import type { ExportedFile } from '../../ui/files/saving.ts';
import { formatBytes } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import type { Problem } from '../../ui/problem.ts';
import type { Controller } from '../controller.ts';
import { ProblemNotice } from '../problem-notice.tsx';
import { newestBase } from './shown-bases.ts';
import './ending.css';

const words = messages.bases.ending;

/** What to do with the base. */
function WhatNext() {
  return (
    <>
      <h3>{words.whatNext}</h3>
      <ul>
        <li>
          {words.studio} <code>npx tapestry studio</code>
        </li>
        <li>
          {words.chat} <code>npx tapestry chat base</code>
        </li>
        <li>
          <a href="audit" target="_blank" rel="noopener">
            {words.audit}
            <span class="visually-hidden"> {messages.contribute.newTab}</span>
          </a>{' '}
          {words.auditWhy}
        </li>
      </ul>
    </>
  );
}

/** The end of the run, or of this node's part in it: the base as files, and what to do with it. */
export function Ending({ session }: { session: Controller }) {
  const { bases, feed } = session;
  const status = feed.status.value;
  const base = newestBase(session.progress.value, status);
  const files = useSignal<{ readonly hash: string; readonly files: readonly ExportedFile[] } | null>(null);
  const problem = useSignal<Problem | null>(null);
  const isPreparing = useSignal(false);
  if (status === null) return null;
  const isOver = status.round.phase === 'complete';
  if (base === null && !isOver) return null;
  return (
    <section class="panel ending" aria-labelledby="ending-heading">
      <h2 id="ending-heading">{words.heading}</h2>
      {isOver && <p>{words.complete(status.base.round, status.run.rounds)}</p>}
      {base !== null && (
        <>
          <p>{words.folder(base.round, formatBytes(status.base.bytes))}</p>
          {files.value?.hash === base.hash ? (
            <GivenFiles files={files.value.files} />
          ) : (
            <div class="buttons">
              <button
                type="button"
                class="button primary"
                disabled={isPreparing.value}
                onClick={async () => {
                  isPreparing.value = true;
                  const answer = await bases.modelFolder(base, status, session.progress.peek());
                  isPreparing.value = false;
                  problem.value = 'problem' in answer ? answer.problem : null;
                  if ('result' in answer) files.value = { hash: base.hash, files: answer.result };
                }}
              >
                {isPreparing.value ? words.preparing : words.prepare}
              </button>
            </div>
          )}
          <ProblemNotice problem={problem.value} />
          <WhatNext />
        </>
      )}
    </section>
  );
}
