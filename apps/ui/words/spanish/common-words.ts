import type { CommonWords } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts that several pages show, in Spanish. */
export const commonWords: CommonWords = {
  brand: 'Tapestry',
  theme: {
    system: 'Colores: los del sistema',
    light: 'Colores: claros',
    dark: 'Colores: oscuros',
  },
  language: 'Idioma',
  languageMissing: (language: string) => `No se puede cargar ${language} mientras el relé no responda.`,
  skip: 'Ir al contenido',
  hosts: { browser: 'Pestaña del navegador', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'Descarga',
    training: 'Entrena',
    uploading: 'Envía',
    waiting: 'Espera',
    paused: 'En pausa',
    following: 'Siguiendo',
  },
  offline: { waiting: 'Guardando la página…', ready: 'Funciona sin conexión' },
  ownText: 'texto propio',
  unlistedCorpus: 'otro',
  connection: {
    connecting: 'Conectando…',
    live: 'En vivo',
    stale: 'Sin actualizar',
    staleSince: (time) => `El relé no responde desde hace ${time}. Conectando de nuevo…`,
    unreadable: 'El relé es más reciente que esta página. Vuelve a cargar la página.',
  },
  cloth: {
    label: 'Avance de la sesión',
    value: (done, rounds) =>
      plural(rounds, {
        one: `${done} de # ronda confirmada`,
        many: `${done} de # de rondas confirmadas`,
        other: `${done} de # rondas confirmadas`,
      }),
    legend:
      'Los hilos son corpus y las columnas, rondas. Un hilo tiene color en las rondas en que participó su corpus.',
  },
  loss: {
    title: 'Pérdida',
    unit: 'nats por token, según informan los nodos; para los corpus, en texto que han reservado',
    training: 'Entrenamiento, todos los nodos',
    probe: 'Medida por el relé',
    own: 'Tu pérdida de entrenamiento',
    ownHeldOut: 'Pérdida de la base en tu texto reservado',
    round: 'Ronda',
    step: 'Paso',
    empty: 'La curva empieza cuando se confirma la primera ronda.',
    ownEmpty: 'La curva empieza con tus primeros pasos.',
    summary: (from, to) => `La pérdida pasó de ${from} a ${to}.`,
  },
};
