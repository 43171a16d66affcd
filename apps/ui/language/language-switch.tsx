import { messages } from '../messages.ts';
import { isLanguageTag, type LanguageTag, languages, languageTags } from '../words/languages.ts';
import { chooseLanguage, language, missing } from './language.ts';

async function choose(select: HTMLSelectElement, tag: LanguageTag): Promise<void> {
  await chooseLanguage(tag);
  // If it could not be loaded, nothing renders that would set the choice back.
  select.value = language.value;
}

/** A switch of the page's language: the languages in their own names, behind the tag of the one in use. */
export function LanguageSwitch() {
  return (
    <span class="language button quiet">
      <span aria-hidden="true">{language.value}</span>
      <select
        aria-label={messages.language}
        title={messages.language}
        value={language.value}
        onChange={(event) => {
          const select = event.currentTarget;
          if (isLanguageTag(select.value)) void choose(select, select.value);
        }}
      >
        {languageTags.map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {languages[tag].name}
          </option>
        ))}
      </select>
      {missing.value !== null && (
        <small role="alert">{messages.languageMissing(languages[missing.value].name)}</small>
      )}
    </span>
  );
}
