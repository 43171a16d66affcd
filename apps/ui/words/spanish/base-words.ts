import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts about a base: trying it and taking it home, in Spanish. */
export const baseWords: Messages['bases'] = {
  heading: 'Probar la base',
  what: 'El modelo compartido continúa tus palabras, aquí, en tu equipo. Es pequeño: imita los textos con los que se entrenó y no responde preguntas. Nada de lo que escribes aquí se envía.',
  notYet: 'Escribe en cuanto la primera ronda haya hecho una base.',
  prompt: 'Empezar con',
  examplePrompt: 'Todos los seres humanos ',
  mode: 'Mostrar',
  modes: {
    rounds: 'antes y después de la última ronda',
    samples: 'dos textos de la base más nueva, para elegir',
  },
  downloads: (size) =>
    `Las bases que aún no están en este equipo se descargan primero del relé, ${size} cada una.`,
  write: 'Escribir',
  stop: 'Parar',
  reading: 'Obteniendo la base…',
  stopped: 'Parado.',
  written: 'Los textos están completos.',
  round: (round) => (round === 0 ? 'Antes de la primera ronda' : `Después de la ronda ${round}`),
  sample: (letter) => `Texto ${letter}`,
  empty: 'No escribió nada: el texto terminó enseguida.',
  vote: '¿Qué texto es mejor?',
  better: (letter) => `El texto ${letter} es mejor`,
  equal: 'Ninguno',
  voteHelp:
    'Tus votos se quedan en este equipo y nadie más los ve. Puedes descargarlos como pares de un texto mejor y otro peor, con los que entrena una receta tuya («prefer»).',
  voted: (votes) =>
    plural(votes, {
      one: 'Hay # voto guardado en este equipo.',
      many: 'Hay # de votos guardados en este equipo.',
      other: 'Hay # votos guardados en este equipo.',
    }),
  thanks: 'No hay ningún voto guardado.',
  downloadVotes: 'Descargar tus votos',
  ending: {
    heading: 'Llévate la base',
    complete: (done, rounds) =>
      done === rounds
        ? plural(rounds, {
            one: 'La única ronda está hecha y ya nadie entrena.',
            many: 'Las # de rondas están hechas y ya nadie entrena.',
            other: 'Las # rondas están hechas y ya nadie entrena.',
          })
        : plural(rounds, {
            one: 'La sesión terminó antes de completar su única ronda.',
            many: `La sesión terminó después de ${done} de # de rondas y ya nadie entrena.`,
            other: `La sesión terminó después de ${done} de # rondas y ya nadie entrena.`,
          }),
    folder: (round, size) =>
      `La base después de la ronda ${round}, como carpeta: pesos (${size}), configuración, tokenizador y una ficha que dice cómo se hizo.`,
    prepare: 'Preparar los archivos',
    preparing: 'Obteniendo la base…',
    whatNext: 'Y ahora',
    studio:
      'Construye tu propio modelo sobre ella, sin conexión: inicia el estudio y suelta la carpeta en su página.',
    chat: 'Deja que escriba en tu ordenador:',
    audit: 'Comprobar en este navegador cómo la hizo el relé',
    auditWhy: 'con las contribuciones de todos, bit a bit.',
  },
};
