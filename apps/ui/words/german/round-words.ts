import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of a round that is open on the dashboard, in German. */
export const roundWords: Messages['rounds'] = {
  choose: 'Abgeschlossene Runden. Die Pfeile wählen eine, Enter öffnet sie.',
  round: (round, rounds) => `Runde ${round} von ${rounds}`,
  open: (round) => `Runde ${round} öffnen`,
  before: 'Vorige',
  next: 'Nächste',
  close: 'Schließen',
  asking: 'Das Relay wird gefragt …',
  missing: 'Diese Runde ist noch nicht abgeschlossen.',
  failed: 'Das Relay hat nicht geantwortet. Schließen Sie die Runde und öffnen Sie sie noch einmal.',
  contributions: 'Beiträge',
  given: (contributions, excluded) =>
    excluded === 0 ? `${contributions}` : `${contributions}, davon ${excluded} ausgelassen`,
  tokens: 'Token',
  steps: 'Schritte',
  loss: 'Loss',
  trainingLoss: 'Trainings-Loss',
  probeLoss: 'Vom Relay gemessen',
  committed: 'Abgeschlossen',
  base: 'Basis',
  sample: 'Was die Basis schrieb',
  who: 'Wer beigetragen hat',
  leftOut: '(ausgelassen)',
  upper: '(obere Schichten)',
  first: (shown) =>
    plural(shown, {
      one: 'Nur der erste Beitrag ist zu sehen; das Journal hat alle.',
      other: 'Nur die ersten # sind zu sehen; das Journal hat alle.',
    }),
  reported: 'Loss, Schritte und Token sind so, wie die Knoten sie melden.',
};
