import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of whoever presents a run in a hall, in Spanish. */
export const presenterWords: Messages['presenter'] = {
  title: 'Presentación',
  start: 'Iniciar',
  resume: 'Seguir',
  pause: 'Pausar tras esta ronda',
  extend: 'Un minuto más',
  end: 'Terminar la sesión',
  endAsk: '¿Terminar la sesión para todos? La ronda abierta se confirma si tiene bastantes contribuciones.',
  endYes: 'Sí, terminarla',
  cancel: 'Cancelar',
  remove: (node) => `Quitar ${node}`,
  removeAsk: (node) =>
    `¿Quitar ${node}? No podrá volver a unirse a esta sesión. Lo que aportó se queda en la base.`,
  removeWhich: '¿Qué nodo hay que quitar?',
  removeNone: 'Elige un nodo',
  removeYes: 'Sí, quitarlo',
  lobby: (nodes) =>
    plural(nodes, {
      one: 'Hay # nodo. La sesión empieza cuando quien presenta pulse Iniciar.',
      many: 'Hay # de nodos. La sesión empieza cuando quien presenta pulse Iniciar.',
      other: 'Hay # nodos. La sesión empieza cuando quien presenta pulse Iniciar.',
    }),
  paused: 'En pausa, por quien presenta',
  pausing: 'La sesión hará una pausa tras esta ronda.',
  outcomes: {
    done: 'Hecho.',
    'not-now': 'Eso no es posible en este momento.',
    gone: 'Este nodo ya se ha ido.',
    refused:
      'El relé no aceptó el secreto de quien presenta. Abre la dirección que mostró la última vez que se inició.',
    unreachable: 'El relé no respondió. Inténtalo de nuevo.',
  },
};
