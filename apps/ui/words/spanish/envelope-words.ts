import type { Messages } from '../catalogue.ts';

/** The texts of the messages that a tab sent, opened, and of what can be guessed from a delta, in Spanish. */
export const envelopeWords: Messages['envelope'] = {
  open: 'Abrir',
  close: 'Cerrar',
  help: (each, size) =>
    `Los bytes tal como salieron de esta pestaña, leídos con el mismo esquema que usa el relé. Se pueden abrir los ${each} mensajes más recientes de cada tipo, y ${size} de fragmentos.`,
  message: 'Mensaje',
  entry: (time, size) => `${time}, ${size}`,
  gone: 'Este mensaje ya no se guarda en esta pestaña.',
  field: 'Campo',
  value: 'Valor',
  bytes: 'Bytes',
  header: 'Número y longitud del mensaje',
  total: 'Total',
  moreBytes: (size) => `y ${size} más`,
  delta: 'El delta que llevan los fragmentos',
  opening: 'Leyendo y atacando el delta…',
  noDelta: {
    dropped: 'Una parte de este delta aún no se ha enviado, o ya no se guarda en esta pestaña.',
    'no-run': 'Este delta pertenece a una sesión anterior.',
  },
  carried: (round, size) => `El delta de la ronda ${round}, ${size}.`,
  asOffered: 'Su SHA-256 es el que nombra la oferta.',
  notAsOffered: 'Su SHA-256 no es el que nombra la oferta.',
  picture: 'Lo que cambia el delta, tensor por tensor',
  pictureHelp: 'Cuanto más fuerte el color, mayor el cambio; las celdas sin color son cero.',
  tensor: 'Tensor',
  changed: 'Valores distintos de cero',
  norm: 'Norma',
  whole: 'Todos los tensores',
  guesses: 'Lo que se podría adivinar con él',
  guessesHelp:
    'Ataques conocidos, lanzados en esta pestaña contra tu propio delta. Quien lee el delta también puede lanzarlos. Los resultados y tu texto se quedan aquí.',
  tokens: 'Qué tokens tiene tu texto',
  named: 'Tokens que nombra el ataque',
  precision: 'De ellos, en tu texto (precisión)',
  recall: 'De tus tokens, nombrados (exhaustividad)',
  blind: 'Precisión al azar',
  separation: 'Tus tokens quedan por delante de otros en',
  separationHelp: 'El último número sería el 50 % si el delta no dijera nada de los tokens.',
  surest: 'Las conjeturas más seguras:',
  right: '(acierto)',
  wrong: '(fallo)',
  frequencies: 'Cuántas veces los tiene tu texto',
  frequenciesAre: (correlation) =>
    `El orden adivinado de tus tokens coincide con el verdadero en ${correlation}. 1 es el mismo orden, 0 ninguna coincidencia.`,
  frequenciesNone: 'El delta no revela ningún orden.',
  text: 'Lo que dice tu texto, palabra por palabra',
  textMany: (tokens, width) =>
    `No se ha probado en esta pestaña. Un ataque publicado, DAGER (2024), reconstruye textos enteros cuando un delta tiene menos tokens que el ancho del modelo. Este delta tiene ${tokens} tokens, y el modelo un ancho de ${width}: tal como es, el ataque no funciona aquí.`,
  textFew: (tokens, width) =>
    `No se ha probado en esta pestaña. Un ataque publicado, DAGER (2024), reconstruye textos enteros cuando un delta tiene menos tokens que el ancho del modelo. Este delta tiene solo ${tokens} tokens, y el modelo un ancho de ${width}: un ataque así podría reconstruir tu texto.`,
  textCaveat:
    'Eso no demuestra seguridad. Los ataques mejoran, un lector puede juntar los deltas de muchas rondas, y el texto que se repite se aprende de memoria: en una prueba, una frase repetida una y otra vez se reconstruyó palabra por palabra.',
};
