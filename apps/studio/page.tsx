import { DropZone } from '../ui/files/drop-zone.tsx';
import { Masthead } from '../ui/masthead.tsx';
import { messages } from '../ui/messages.ts';
import { Offline } from '../ui/offline/offline.tsx';

import { Problems } from './problems.tsx';
import type { Session } from './session.ts';
import { Base } from './steps/base.tsx';
import { Comparing } from './steps/comparing.tsx';
import { Data } from './steps/data.tsx';
import { Recipe } from './steps/recipe.tsx';
import { Training } from './steps/training.tsx';
import { Storing } from './storing.tsx';
import { Taking } from './taking.tsx';

const words = messages.studio;

export function Studio({ session }: { session: Session }) {
  const opened = session.opened.value;
  return (
    <>
      <Masthead run={null}>
        <Offline />
      </Masthead>
      <DropZone here={words.dropHere} help={words.dropHelp} take={(files) => session.add(files)} />
      <main id="main" class="studio">
        <div class="intro">
          <h1>{words.heading}</h1>
          <p class="muted">{words.what}</p>
          {opened !== null && opened.gpu === null && <p class="notice">{words.noGpu}</p>}
        </div>
        <Problems session={session} />
        <ol class="steps">
          <Base session={session} />
          <Data session={session} />
          <Recipe session={session} />
          <Training session={session} />
          <Comparing session={session} />
        </ol>
        <div class="after">
          <Taking session={session} />
          <Storing session={session} />
        </div>
      </main>
    </>
  );
}
