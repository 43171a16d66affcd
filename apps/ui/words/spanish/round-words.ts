import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of a round that is open on the dashboard, in Spanish. */
export const roundWords: Messages['rounds'] = {
  choose: 'Rondas confirmadas. Las flechas eligen una, Intro la abre.',
  round: (round, rounds) => `Ronda ${round} de ${rounds}`,
  open: (round) => `Abrir la ronda ${round}`,
  before: 'Anterior',
  next: 'Siguiente',
  close: 'Cerrar',
  asking: 'Preguntando al relé…',
  missing: 'Esta ronda aún no está confirmada.',
  failed: 'El relé no ha respondido. Cierra la ronda y ábrela de nuevo.',
  contributions: 'Contribuciones',
  given: (contributions, excluded) =>
    excluded === 0 ? `${contributions}` : `${contributions}, ${excluded} de ellas omitidas`,
  tokens: 'Tokens',
  steps: 'Pasos',
  loss: 'Pérdida',
  trainingLoss: 'Pérdida de entrenamiento',
  probeLoss: 'Medida por el relé',
  committed: 'Confirmada',
  base: 'Base',
  sample: 'Lo que escribió la base',
  who: 'Quién contribuyó',
  leftOut: '(omitida)',
  upper: '(capas superiores)',
  first: (shown) =>
    plural(shown, {
      one: 'Solo se muestra la primera; el diario las tiene todas.',
      many: 'Solo se muestran las primeras #; el diario las tiene todas.',
      other: 'Solo se muestran las primeras #; el diario las tiene todas.',
    }),
  reported: 'Pérdidas, pasos y tokens son los que informan los nodos.',
};
