import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of a round that is open on the dashboard, in French. */
export const roundWords: Messages['rounds'] = {
  choose: 'Tours validés. Les flèches en choisissent un, Entrée l’ouvre.',
  round: (round, rounds) => `Tour ${round} sur ${rounds}`,
  open: (round) => `Ouvrir le tour ${round}`,
  before: 'Précédent',
  next: 'Suivant',
  close: 'Fermer',
  asking: 'Demande au relais…',
  missing: 'Ce tour n’est pas encore validé.',
  failed: 'Le relais n’a pas répondu. Fermez le tour et ouvrez-le à nouveau.',
  contributions: 'Contributions',
  given: (contributions, excluded) =>
    excluded === 0 ? `${contributions}` : `${contributions}, dont ${excluded} écartées`,
  tokens: 'Tokens',
  steps: 'Pas',
  loss: 'Perte',
  trainingLoss: 'Perte d’entraînement',
  probeLoss: 'Mesurée par le relais',
  committed: 'Validé',
  base: 'Base',
  sample: 'Ce que la base a écrit',
  who: 'Qui a contribué',
  leftOut: '(écartée)',
  upper: '(couches supérieures)',
  first: (shown) =>
    plural(shown, {
      one: 'Seule la première est affichée ; le journal les contient toutes.',
      many: 'Seules les # premières sont affichées ; le journal les contient toutes.',
      other: 'Seules les # premières sont affichées ; le journal les contient toutes.',
    }),
  reported: 'Pertes, pas et tokens sont tels que les nœuds les déclarent.',
};
