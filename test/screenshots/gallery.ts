import type { Picture } from './camera.ts';

/** What each picture shows. A picture without a text here is a mistake. */
const captions: Readonly<Record<string, string>> = {
  warning: 'Before the browser’s warning: what comes, and the certificate in four words',
  'contribute-before': 'Contribute: one decision, then Start',
  'contribute-while': 'Contribute: a round is being trained',
  'contribute-envelope': 'Contribute: a message that was sent, opened',
  'contribute-attacks': 'Contribute: what could be guessed from the delta',
  'contribute-after': 'Contribute: the run is complete',
  'dashboard-lobby': 'Dashboard: the lobby, as its presenter sees it',
  dashboard: 'Dashboard: a run after some rounds',
  'scene-join': 'Present: join',
  'scene-weave': 'Present: weave',
  'scene-learn': 'Present: learn',
  'scene-speak': 'Present: speak',
  'scene-thanks': 'Present: thanks',
  studio: 'Studio: a base, data as tokens, and the plan of a derivative',
  audit: 'Audit: a run that was derived again in the visitor’s browser',
};

/** The page that shows all pictures, those of one scene together. */
export function indexOf(pictures: readonly Picture[]): string {
  const sections = [...Map.groupBy(pictures, ({ name }) => name)].map(([name, own]) => {
    const caption = captions[name];
    if (caption === undefined) throw new Error(`the picture ${name} has no caption`);
    const images = own.map(({ file }) => {
      const [, colours, screen] = /-(light|dark)-(wide|hall|narrow)\.webp$/.exec(file) ?? [];
      const width = screen === 'narrow' ? 195 : 400;
      return `<img src="${file}" width="${width}" alt="${caption}, ${colours}, ${screen}">`;
    });
    return `## ${caption}\n\n${images.join('\n')}\n`;
  });
  return `# Screenshots\n\nPictures of a real run, by \`npm run screenshots\`.\n\n${sections.join('\n')}`;
}
