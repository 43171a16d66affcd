import type { RelayStatus } from '../../../relay/wire/status.ts';
import { dyes, participation, weave, weavingCorpora } from '../weave.ts';

/** The threads of one node: its corpus, where it is one of the run's, and the rounds that accepted its contribution. */
export interface OwnThreads {
  readonly corpus: string | null;
  readonly rounds: readonly number[];
}

export interface PictureTexts {
  readonly thanks: string;
  /** What the marks mean; only where threads are marked. */
  readonly own: string;
}

/** The dyes of base.css on paper. */
const dye = ['#3a4fb5', '#b8402f', '#94700a', '#0d7c7b', '#a62c72', '#4d7a20', '#7d4d2d', '#6c48aa'];
const paper = { page: '#f5f4ef', ink: '#1b2232', muted: '#555d70', weft: '#a5a294', undyed: '#c9c4b4' };
const [width, left, top, clothWidth, clothHeight] = [1600, 60, 150, 1480, 480];

/** Wide enough for the longest names. */
const nameColumns = 3;

/**
 * A run's cloth as a picture of its own, an SVG document: with the names of its corpora and, for someone who contributed, the own
 * threads marked: a bar above each own round, and an outline around the own corpus in it.
 */
export function clothPicture(status: RelayStatus, texts: PictureTexts, own: OwnThreads | null): string {
  const history = participation(status.history);
  const { run, nodes } = status;
  const present = nodes.map(({ corpus }) => corpus);
  const corpora = weavingCorpora(run.corpora, present, history).slice(0, dyes);
  const plan = weave({ rounds: run.rounds, corpora, history, picksPerRow: 12, part: 0 });
  const [wide, high] = [clothWidth / plan.columns, clothHeight / Math.max(1, plan.rows.length)];
  const ownDye = own?.corpus == null ? -1 : run.corpora.indexOf(own.corpus) % dyes;
  const ownRounds = new Set(own?.rounds);
  const shapes: string[] = [];
  for (let column = 0; column < plan.woven; column++) {
    const round = Math.floor((column / plan.columns) * run.rounds) + 1;
    const x = left + column * wide;
    if (ownRounds.has(round)) shapes.push(rect(x, top - 22, wide, 10, paper.ink, 'class="own-round"'));
    for (const { row, dye: index } of plan.rows) {
      const crossing = plan.crossing(row, column);
      const y = top + row * high;
      const isOwn = crossing === 'dyed' && index === ownDye && ownRounds.has(round);
      const outline = isOwn ? `class="own" stroke="${paper.ink}" stroke-width="3"` : '';
      if (crossing === 'weft') shapes.push(rect(x + wide * 0.2, y, wide * 0.6, high, paper.weft, ''));
      else {
        const colour = crossing === 'dyed' ? (dye[index] ?? paper.muted) : paper.undyed;
        shapes.push(rect(x, y + high * 0.2, wide, high * 0.6, colour, outline));
      }
    }
  }
  const names = corpora.map((corpus, at) => {
    const [x, y] = [
      left + (at % nameColumns) * (clothWidth / nameColumns),
      top + clothHeight + 60 + Math.floor(at / nameColumns) * 48,
    ];
    const name = run.corpora[corpus] ?? '';
    return (
      rect(x, y - 24, 28, 28, dye[corpus % dyes] ?? paper.muted, '') +
      text(x + 40, y, 30, paper.ink, name, corpus % dyes === ownDye ? 'font-weight="700"' : '')
    );
  });
  const below = top + clothHeight + 60 + Math.ceil(corpora.length / nameColumns) * 48;
  const height = below + (own === null ? 60 : 110);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="system-ui, sans-serif">`,
    `<title>${escaped(run.name)}</title>`,
    rect(0, 0, width, height, paper.page, ''),
    text(left, 90, 56, paper.ink, run.name, 'font-weight="700"'),
    ...shapes,
    ...names,
    text(left, below + 20, 30, paper.muted, texts.thanks, ''),
    ...(own === null ? [] : [text(left, below + 70, 30, paper.muted, texts.own, '')]),
    '</svg>',
    '',
  ].join('\n');
}

function rect(x: number, y: number, wide: number, high: number, fill: string, more: string): string {
  const [at, size] = [
    `x="${x.toFixed(1)}" y="${y.toFixed(1)}"`,
    `width="${wide.toFixed(1)}" height="${high.toFixed(1)}"`,
  ];
  return `<rect ${at} ${size} fill="${fill}" ${more}/>`;
}

function text(x: number, y: number, size: number, fill: string, content: string, more: string): string {
  return `<text x="${x}" y="${y}" font-size="${size}" fill="${fill}" ${more}>${escaped(content)}</text>`;
}

/** Text within an element of XML, without the characters that XML does not allow. */
function escaped(content: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
  };
  return content
    .replace(/[\p{Cc}\p{Cs}]/gu, ' ')
    .replace(/[&<>"]/g, (character) => entities[character] ?? '');
}
