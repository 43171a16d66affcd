import { createHash } from 'node:crypto';
import type { PlainPages } from '../../relay/server/plain/plain-server.ts';
import { fingerprintWords } from '../../relay/wire/certificate/fingerprint-words.ts';
import base from '../ui/base.css?raw';
import icon from '../ui/favicon.svg?raw';
import { type LanguageTag, languages, languageTags, preferredLanguage } from '../ui/words/languages.ts';
import { acceptedLanguages } from './accepted-languages.ts';
import { continueScript } from './continue-script.ts';
import style from './warning.css?raw';
import { words } from './words.ts';

/** A text as HTML shows it. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** A source of a content-security policy that allows this very text. */
function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/** Shows only the language that is chosen. A browser that does not know :has shows all of them, the visitor's own first. */
const chosen = languageTags
  .map((tag) => `:root:has([value="${tag}"]:checked) main > :not([lang="${tag}"]) { display: none; }`)
  .join('\n');
const styles = `${base}\n${style}\n${chosen}\n`;

const policy = [
  "default-src 'none'",
  `script-src ${sourceOf(continueScript)}`,
  `style-src ${sourceOf(styles)}`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

function sectionOf(tag: LanguageTag, fingerprint: string): string {
  const text = words[tag];
  const p = (content: string, kind = '') =>
    `<p${kind === '' ? '' : ` class="${kind}"`}>${escaped(content)}</p>`;
  const browsers = [
    ['Chrome, Edge', text.chrome],
    ['Firefox', text.firefox],
    ['Safari', text.safari],
  ].map(([name = '', how = '']) => `<dt><bdi lang="en">${name}</bdi></dt><dd>${escaped(how)}</dd>`);
  return `<section lang="${tag}" dir="${languages[tag].direction}">
<h1>${escaped(text.title)}</h1>
${p(text.why)}
<ol>
<li class="panel"><h2>${escaped(text.compareHeading)}</h2>
<p class="four"><bdi lang="en">${fingerprintWords(fingerprint)}</bdi></p>
${p(text.compare)}
${p(text.forged, 'muted')}</li>
<li class="panel"><h2>${escaped(text.passHeading)}</h2>
<dl>${browsers.join('')}</dl>
<a class="go button primary" hidden>${escaped(text.go)}</a>
${p(text.byHand, 'by-hand')}</li>
</ol>
<details><summary>${escaped(text.certainHeading)}</summary>
${p(text.certain)}
<p><code>${fingerprint.toUpperCase().replaceAll(/..(?!$)/g, '$&:<wbr>')}</code></p></details>
</section>`;
}

function pageOf(first: LanguageTag, fingerprint: string): string {
  const choices = languageTags.map(
    (tag) =>
      `<label lang="${tag}"><input type="radio" name="language" value="${tag}" autocomplete="off"${tag === first ? ' checked' : ''}>${languages[tag].name}</label>`,
  );
  const order = [first, ...languageTags.filter((tag) => tag !== first)];
  return `<!doctype html>
<html lang="${first}" dir="${languages[first].direction}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="theme-color" media="(prefers-color-scheme: light)" content="#f5f4ef">
<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#10141e">
<title>${escaped(words[first].title)} – Tapestry</title>
<link rel="icon" href="data:image/svg+xml,${encodeURIComponent(icon)}">
<style>${styles}</style>
</head>
<body>
<header class="masthead"><span class="brand"><span aria-hidden="true">${icon}</span>Tapestry</span>
<fieldset class="end"><legend class="visually-hidden">${escaped(words[first].language)}</legend>
${choices.join('\n')}
</fieldset></header>
<main>
${order.map((tag) => sectionOf(tag, fingerprint)).join('\n')}
</main>
<script>${continueScript}</script>
</body>
</html>
`;
}

/**
 * The page that a relay with a certificate of its own gives by plain HTTP: it says what comes when the browser goes on to https.
 * `fingerprint` is the certificate's SHA-256 in hex, with or without colons. The page is whole, in all languages, begins in the one
 * that the request wants most, and depends on nothing else that a client sends.
 */
export function warningPages(fingerprint: string): PlainPages {
  const hex = fingerprint.replaceAll(':', '').toLowerCase();
  const encoder = new TextEncoder();
  const pages = new Map(
    languageTags.map((tag) => [tag, { html: encoder.encode(pageOf(tag, hex)), language: tag, policy }]),
  );
  return (acceptLanguage) => {
    const tag = preferredLanguage(acceptedLanguages(acceptLanguage));
    const page = pages.get(tag);
    if (page === undefined) throw new RangeError(`there is no page in ${tag}`);
    return page;
  };
}
