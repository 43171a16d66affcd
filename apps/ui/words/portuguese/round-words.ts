import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of a round that is open on the dashboard, in Portuguese. */
export const roundWords: Messages['rounds'] = {
  choose: 'Rodadas confirmadas. As setas escolhem uma, Enter a abre.',
  round: (round, rounds) => `Rodada ${round} de ${rounds}`,
  open: (round) => `Abrir a rodada ${round}`,
  before: 'Anterior',
  next: 'Próxima',
  close: 'Fechar',
  asking: 'Perguntando ao relé…',
  missing: 'Esta rodada ainda não foi confirmada.',
  failed: 'O relé não respondeu. Feche a rodada e abra-a de novo.',
  contributions: 'Contribuições',
  given: (contributions, excluded) =>
    excluded === 0 ? `${contributions}` : `${contributions}, ${excluded} delas deixadas de fora`,
  tokens: 'Tokens',
  steps: 'Passos',
  loss: 'Perda',
  trainingLoss: 'Perda de treino',
  probeLoss: 'Medida pelo relé',
  committed: 'Confirmada',
  base: 'Base',
  sample: 'O que a base escreveu',
  who: 'Quem contribuiu',
  leftOut: '(deixada de fora)',
  upper: '(camadas superiores)',
  first: (shown) =>
    plural(shown, {
      one: 'Só a primeira é mostrada; o diário tem todas.',
      many: 'Só as primeiras # são mostradas; o diário tem todas.',
      other: 'Só as primeiras # são mostradas; o diário tem todas.',
    }),
  reported: 'Perdas, passos e tokens são como os nós informam.',
};
