import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scenes that are shown in a hall, in Spanish. */
export const sceneWords: Messages['scenes'] = {
  open: 'Presentar',
  close: 'Salir de la presentación',
  keys: 'Teclas: de 1 a 5 y las flechas cambian de escena, Escape sale. Con el secreto de quien presenta: S inicia, P pausa, M da un minuto, R quita un nodo, E termina la sesión.',
  fewKeys: 'Teclas: las flechas cambian de escena, Escape sale.',
  keysOn: 'Activar las teclas de letras',
  keysOff: 'Desactivar las teclas de letras',
  names: { join: 'Unirse', weave: 'Tejer', learn: 'Aprender', speak: 'Hablar', thanks: 'Gracias' },
  joinHow: 'Escanea el código, elige un texto, pulsa Iniciar. El texto se queda en tu dispositivo.',
  here: (nodes) => plural(nodes, { one: 'Hay # nodo.', many: 'Hay # de nodos.', other: 'Hay # nodos.' }),
  round: (round, rounds) => `Ronda ${round} de ${rounds}`,
  contributions: (given, target) =>
    plural(target, {
      one: `${given} de # contribución`,
      many: `${given} de # de contribuciones`,
      other: `${given} de # contribuciones`,
    }),
  left: (time) => `quedan ${time}`,
  loss: (from, to) => `Pérdida ${from} → ${to}`,
  lossOf: {
    probe: 'medida por el relé',
    heldOut: 'en texto que los nodos reservan, según informan',
  },
  noLoss: 'La línea empieza cuando se han confirmado dos rondas.',
  chart: (from, to, best, worst) =>
    `La pérdida media pasó de ${from} a ${to}. El mejor corpus es ${best}; el peor, ${worst}.`,
  thanksHeading: 'Gracias',
  thanks: (contributions, tokens) =>
    [
      plural(contributions, {
        one: '# contribución',
        many: '# de contribuciones',
        other: '# contribuciones',
      }),
      plural(tokens, { one: '# token', many: '# de tokens', other: '# tokens' }),
      'una base.',
    ].join(', '),
  print: 'Imprimir',
  picture: 'Guardar la imagen',
  ownThreads: 'Con borde y bajo una barra: tus hilos.',
  /** Bases that write for the room. */
  speech: {
    prompt: 'Tu prompt',
    send: 'Enviar',
    starts: 'O deja empezar a un corpus',
    shown: 'Lo ven todos y las bases lo continúan. El relé no lo guarda.',
    sent: {
      taken: 'Enviado. Se muestra cuando llegue su turno.',
      unfit: 'Eso no puede ser un prompt: necesita letras o cifras, y nada invisible.',
      full: 'Esperan demasiados prompts. Inténtalo de nuevo en un minuto.',
      failed: 'El relé no lo ha aceptado. Inténtalo de nuevo.',
    },
    writing: 'escribiendo…',
    waiting: (prompts) =>
      plural(prompts, {
        one: 'Espera # prompt más.',
        many: 'Esperan # prompts más.',
        other: 'Esperan # prompts más.',
      }),
    skip: 'Siguiente prompt (N)',
  },
};
