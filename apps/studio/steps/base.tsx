import { formatBytes, formatCount } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';
import { Choosers } from '../drop.tsx';
import type { Session } from '../session.ts';
import type { ModelView } from '../worker/worker-api.ts';
import { RemoveButton, Step } from './step.tsx';

const words = messages.studio;

function ModelChoice({ session, model }: { session: Session; model: ModelView }) {
  const { name, kind, from, parameters, contextLength, bytes, revoked } = model;
  return (
    <div class="item">
      <label class="choice">
        <input
          type="radio"
          name="base"
          value={name}
          checked={session.form.value?.base === name}
          disabled={session.busy.value}
          onChange={() => session.change({ base: name })}
        />
        <span>
          <strong>{name}</strong>{' '}
          <span class="tag" data-kind={kind}>
            {words.base.kinds[kind]}
          </span>
          <span class="help">
            {words.base.facts(parameters, formatCount(contextLength), formatBytes(bytes))}
            {from !== null && `, ${words.base.from(from)}`}
          </span>
        </span>
      </label>
      <RemoveButton
        label={words.remove(name)}
        disabled={session.busy.value}
        onClick={() => session.removeModel(name)}
      />
      {revoked.length > 0 && (
        <p class="notice" data-tone="bad">
          {words.base.revoked(revoked.join(', '))}
        </p>
      )}
    </div>
  );
}

/** The models that are here, and which one the recipe begins with. */
export function Base({ session }: { session: Session }) {
  const models = session.library.value?.models ?? [];
  return (
    <Step name="base" number={1} heading={words.base.heading}>
      {models.length === 0 ? (
        <p class="empty muted">{words.base.empty}</p>
      ) : (
        <fieldset>
          <legend class="visually-hidden">{words.base.legend}</legend>
          {models.map((model) => (
            <ModelChoice key={model.name} session={session} model={model} />
          ))}
        </fieldset>
      )}
      <p role="status" class="help">
        {session.adding.value && words.adding}
      </p>
      <Choosers session={session} />
    </Step>
  );
}
