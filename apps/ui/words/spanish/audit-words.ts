import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

const contributionsOf = (count: number) =>
  plural(count, { one: '# contribución', many: '# de contribuciones', other: '# contribuciones' });
const entriesOf = (count: number) =>
  plural(count, {
    one: '# entrada del diario',
    many: '# de entradas del diario',
    other: '# entradas del diario',
  });

/** Every text of the audit page, in Spanish. */
export const auditWords: Messages['audit'] = {
  description: 'Deriva de nuevo cada base de una sesión de Tapestry en este navegador.',
  title: 'Comprobación – Tapestry',
  heading: 'Comprueba tú mismo esta sesión',
  what: 'Este navegador lee el diario de la sesión y cada contribución, y vuelve a derivar cada base desde la primera. Todas deben coincidir bit a bit.',
  token: 'Clave de acceso',
  tokenHelp: 'Solo si la sesión muestra sus contribuciones únicamente a los miembros.',
  start: 'Iniciar la comprobación',
  again: 'Comprobar de nuevo',
  stop: 'Detener',
  reading: 'Leyendo el diario…',
  derived: (round, rounds) => `Ronda ${round} de ${rounds} derivada de nuevo`,
  progress: 'Avance de la comprobación',
  intact: 'Intacta: no se cambió nada',
  changed: (problems) =>
    plural(problems, {
      one: '# problema encontrado',
      many: '# de problemas encontrados',
      other: '# problemas encontrados',
    }),
  summary: (rounds, contributions, entries, time) =>
    [
      plural(rounds, {
        one: '# base derivada de nuevo bit a bit',
        many: '# de bases derivadas de nuevo bit a bit',
        other: '# bases derivadas de nuevo bit a bit',
      }),
      `, a partir de ${contributionsOf(contributions)} y ${entriesOf(entries)}, en ${time}.`,
    ].join(''),
  partly: (rounds, contributions, entries, time) =>
    `Bases derivadas de nuevo: ${rounds}. Leído: ${contributionsOf(contributions)} y ${entriesOf(entries)}, en ${time}.`,
  older: (last) =>
    `Las contribuciones de las rondas 1 a ${last} ya no se guardan, como dice el manifiesto de la sesión: la primera base derivada es la de la ronda ${last + 1}.`,
  unsigned: (entries) =>
    plural(entries, {
      one: 'La firma del relé aún no cubre la entrada más reciente del diario.',
      many: 'La firma del relé aún no cubre las # de entradas más recientes del diario.',
      other: 'La firma del relé aún no cubre las # entradas más recientes del diario.',
    }),
  run: 'Sesión',
  relayKey: 'Clave del relé',
  base: 'Última base derivada',
  compare:
    'Compara la sesión y la clave con las que te dieron. Esta página viene del relé que comprueba: para no fiarte de ninguno de los dos, ejecuta esto en un equipo tuyo:',
  nextWord: 'Qué hacer:',
  next: {
    'relay.closed-to-readers': 'Escribe la clave de acceso de la sesión e inicia la comprobación de nuevo.',
    'relay.blob-too-large':
      'Comprueba esta sesión con `tapestry verify`, que lee modelos más grandes que una pestaña.',
    'relay.unreachable': 'Mira si el relé está en marcha e inicia la comprobación de nuevo.',
    'relay.cut-off': 'Inicia la comprobación de nuevo.',
    'relay.fault': 'Inicia la comprobación más tarde. Si el error continúa, avisa a quien gestiona el relé.',
    'run.missing': 'Elige la carpeta que contiene journal.sqlite y blobs.',
    'run.unreadable': 'Elige la carpeta de nuevo. No debe cambiar mientras se lee.',
    'run.moved-on': 'Inicia la comprobación de nuevo. Empezará en una ronda posterior.',
  },
  flip: 'Invertir un bit de este delta y comprobar de nuevo',
  flipped: (round, node) =>
    `Este navegador invirtió un bit del delta de la ronda ${round}, nodo ${node}, para mostrar que la comprobación lo encuentra. La sesión misma no cambió.`,
  receipts: 'Tus recibos',
  receiptsHelp:
    '¿Se fusionó tu parte? Elige receipts-….txt y checkpoint-….txt en la carpeta de tu nodo. Los archivos se quedan en este navegador.',
  folder: 'La carpeta de una sesión',
  folderHelp:
    'Comprueba, en lugar del relé, su carpeta de datos o una copia: elígela, o suéltala en esta página. Se queda en este navegador y no necesita red. Si el relé está en marcha, copia antes su carpeta.',
  chooseFolder: 'Elegir una carpeta',
  folderGiven: (name) => `Comprobando la carpeta ${name}`,
  relayInstead: 'Comprobar de nuevo el relé',
  dropHere: 'Suelta la carpeta de una sesión',
  dropHelp: 'Se comprueba aquí, y nada sale de este navegador.',
  reportHelp:
    'El informe dice qué se comprobó y qué se encontró, y lo firma una clave que se queda en este navegador. Otros lo comprueban con:',
  saveReport: 'Guardar el informe firmado',
  saveText: 'Guardarlo como texto',
  receiptsHeading: (count) =>
    plural(count, { one: 'Tu recibo', many: 'Tus # de recibos', other: 'Tus # recibos' }),
  receipt: (sequence, round) =>
    round === null ? `Entrada ${sequence}` : `Entrada ${sequence}, ronda ${round}`,
  receiptRefuted: 'El diario no contiene la contribución de este recibo: mira los problemas de arriba.',
  grid: 'Contribuciones',
  gridHelp:
    'Las filas son nodos y las columnas, rondas. Las flechas mueven; elige una contribución para ver cada paso de su comprobación.',
  gridEmpty: 'Las contribuciones aparecen aquí a medida que se derivan sus rondas.',
  node: 'Nodo',
  earlier: 'Rondas anteriores',
  later: 'Rondas posteriores',
  roundsShown: (from, to, all) => `Rondas ${from} a ${to} de ${all}`,
  moreNodes: (count) =>
    plural(count, {
      one: 'Mostrar # nodo más',
      many: 'Mostrar # de nodos más',
      other: 'Mostrar # nodos más',
    }),
  states: {
    derived: 'parte de una base derivada de nuevo',
    'left-out': 'no contada, según lo derivado',
    changed: 'cambiada',
    'not-merged': 'no fusionada',
    'not-kept': 'ya no se guarda',
    waiting: 'aún no comprobada',
    unreached: 'no comprobada: antes hubo un problema',
  },
  cell: (round, node, state) => `Ronda ${round}, nodo ${node}: ${state}`,
  roundChanged: (round) => `Ronda ${round}: aquí se encontró un problema`,
  chosen: (round, node) => `Ronda ${round}, nodo ${node}`,
  attempt: (index, all) => `Contribución ${index} de ${all}: la ronda se abrió de nuevo.`,
  facts: (tokens, steps, bytes) =>
    [
      plural(tokens, { one: '# token', many: '# de tokens', other: '# tokens' }),
      plural(steps, { one: ' en # paso', many: ' en # de pasos', other: ' en # pasos' }),
      `, ${bytes}`,
    ].join(''),
  steps: {
    entry: (sequence) => `La entrada ${sequence} del diario está encadenada a la anterior`,
    signature: 'El nodo firmó su oferta',
    payload: 'El delta tiene el hash que firmó el nodo',
    delta: 'El delta está en la cuadrícula de la sesión y dentro de su norma',
    base: 'Fusionado con los demás deltas de la ronda, da la base del diario',
    'base-without': 'La regla de fusión lo omite, y los demás dan la base del diario',
    checkpoint: 'El relé firmó el diario antes de confirmar esta ronda',
  },
  results: {
    held: 'Se cumple',
    changed: 'No se cumple',
    waiting: 'Aún no',
    unreached: 'No alcanzado',
    'not-kept': 'Ya no se guarda',
    'not-merged': 'No fusionado',
  },
};
