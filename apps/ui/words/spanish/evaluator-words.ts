import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text on evaluators: on the dashboard, in an open round, and on the page that contributes, in Spanish. */
export const evaluatorWords: Messages['evaluators'] = {
  heading: 'Evaluadores',
  purpose: (quorum) =>
    plural(quorum, {
      one: 'Puntúan las contribuciones según la pérdida con el texto de prueba. Una sola puntuación decide; sin ella, valen las del relé.',
      many: 'Puntúan las contribuciones según la pérdida con el texto de prueba. A partir de # evaluadores decide la mediana; con menos, valen las puntuaciones del relé.',
      other:
        'Puntúan las contribuciones según la pérdida con el texto de prueba. A partir de # evaluadores decide la mediana; con menos, valen las puntuaciones del relé.',
    }),
  none: 'Aún no se ha cerrado ninguna ronda.',
  scores: (round, scores, all) => `Ronda ${round}: ${scores} de ${all} han puntuado`,
  waits: (time) => `como mucho ${time} más`,
  states: {
    unheard: 'Aún sin noticias',
    here: 'Presente',
    scored: 'Ha puntuado',
    silent: 'En silencio',
  },
  score: 'Puntuación',
  scoredBy: 'Puntuado por',
  relay: 'el relé',
  unit: 'Una puntuación dice cuánto baja una contribución la pérdida con el texto de prueba, en nats por token.',
  evaluate: 'Evaluar',
  stop: 'Dejar de evaluar',
  granted:
    'Esta sesión nombra tu clave como evaluador. En lugar de entrenar, tu GPU puede puntuar lo que contribuyen los demás. No necesita ningún texto tuyo.',
  downloads:
    'En cada ronda descarga la base y las contribuciones que se puntúan. Solo envía puntuaciones con tu firma.',
  keyHeading: 'Evaluar una sesión',
  keyFor:
    'Da esta clave de tu navegador a quien inicia la sesión, antes de que empiece: una sesión nombra a sus evaluadores al comenzar, y después no se añade ninguno. Una sesión en esta dirección que la nombre te ofrecerá evaluar:',
  opening: 'Abriendo la GPU y leyendo el diario…',
  following: 'Espera a que se cierre una ronda.',
  answers: {
    taken: (round) => `Ronda ${round}: tus puntuaciones se han enviado.`,
    late: (round) => `Ronda ${round}: tus puntuaciones llegaron tarde.`,
    refused: (round) => `Ronda ${round}: el relé rechazó tus puntuaciones.`,
  },
  counted: (round) => `Ronda ${round}: tus puntuaciones están en el diario.`,
  uncounted: (round) => `La ronda ${round} se confirmó sin tus puntuaciones.`,
  waiting: 'El relé no responde. Se le pregunta de nuevo.',
  done: 'La sesión ha terminado. Gracias.',
  stopped: 'Detenido. Las rondas siguen sin tus puntuaciones.',
};
