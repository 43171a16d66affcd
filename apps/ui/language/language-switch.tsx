import { messages } from '../messages.ts';
import { isLanguageTag, languages, languageTags } from '../words/languages.ts';
import { chooseLanguage, language } from './language.ts';

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
          const { value } = event.currentTarget;
          if (isLanguageTag(value)) void chooseLanguage(value);
        }}
      >
        {languageTags.map((tag) => (
          <option key={tag} value={tag} lang={tag}>
            {languages[tag].name}
          </option>
        ))}
      </select>
    </span>
  );
}
