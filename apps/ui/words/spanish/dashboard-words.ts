import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the dashboard, in Spanish. */
export const dashboardWords: Messages['dashboard'] = {
  description: 'Una sesión de Tapestry en directo: nodos, rondas y pérdida.',
  title: 'Panel – Tapestry',
  fullScreen: 'Pantalla completa',
  leaveFullScreen: 'Salir de pantalla completa',
  facts: (parameters, rounds, steps) =>
    [
      plural(parameters, {
        one: '# parámetro · ',
        many: '# de parámetros · ',
        other: '# parámetros · ',
      }),
      plural(rounds, { one: '# ronda de ', many: '# de rondas de ', other: '# rondas de ' }),
      plural(steps, { one: '# paso local', many: '# de pasos locales', other: '# pasos locales' }),
    ].join(''),
  upper: (layers, of) =>
    `Los dispositivos lentos pueden entrenar solo las capas superiores (${layers} de ${of})`,
  upstream: {
    following: (round) =>
      round === 0 ? 'Sigue a un relé superior' : `Base de un relé superior, tras su ronda ${round}`,
    alone: (round) =>
      round === 0
        ? 'Trabaja sin su relé superior'
        : `Trabaja sin su relé superior desde la base de su ronda ${round}`,
  },
  round: 'Ronda',
  ofRounds: (rounds) => `de ${rounds}`,
  phases: {
    waiting: 'Espera nodos',
    training: 'Entrenamiento',
    grace: 'Últimas contribuciones',
    complete: 'Completa',
  },
  waitingFor: (nodes, quorum) =>
    plural(quorum, {
      one: `${nodes} de # nodo necesario`,
      many: `${nodes} de # de nodos necesarios`,
      other: `${nodes} de # nodos necesarios`,
    }),
  contributions: 'Contribuciones',
  ofTarget: (target) => `de ${target}`,
  timeLeft: 'Tiempo restante',
  completeHeading: (done, rounds) =>
    done === rounds
      ? plural(rounds, {
          one: 'La ronda está completa',
          many: 'Las # de rondas están completas',
          other: 'Las # rondas están completas',
        })
      : plural(rounds, {
          one: 'La sesión terminó antes de confirmar su ronda',
          many: `La sesión terminó tras ${done} de # de rondas`,
          other: `La sesión terminó tras ${done} de # rondas`,
        }),
  completeLoss: (from, to) => `Pérdida en texto reservado ${from} → ${to}, según informan los nodos`,
  completeProbe: (loss) => `Pérdida ${loss}, medida por el relé`,
  nodes: 'Nodos',
  noNodes: 'Todavía no se ha unido ningún nodo. Los nodos aparecen aquí cuando se unen.',
  nodesGone: 'Todos los nodos se han ido.',
  showAll: (count) =>
    plural(count, { one: 'Mostrar todo (#)', many: 'Mostrar todo (#)', other: 'Mostrar todo (#)' }),
  showFewer: 'Mostrar menos',
  lossShort: 'pérdida',
  reported: 'Pérdidas, pasos, tokens, velocidades y descargas son los que informan los nodos.',
  rate: (tokens) => `${tokens}/s`,
  nodeSteps: (done, steps) => `paso ${done} de ${steps}`,
  nodeUpper: 'entrena las capas superiores',
  nodeMoved: (sent, received) => `${sent} enviados, ${received} recibidos`,
  totals: 'En conjunto',
  tokens: 'Tokens',
  tokensPerSecond: 'Tokens/s informados',
  accepted: 'Contribuciones aceptadas',
  moved: 'Bytes transferidos',
  less: (times) => `${times} menos que el entrenamiento con datos en paralelo`,
  dataParallel: (bytes) => `Intercambiar los gradientes en cada paso habría transferido ${bytes}.`,
  base: 'Base',
  baseFile: (size) => `${size} de números de coma flotante de 32 bits`,
  verify: 'Quien pueda leer las contribuciones puede volver a derivar esta base, bit a bit:',
  audit: 'Comprobar en este navegador',
  sample: 'Texto que escribe la base',
  sampleRound: (round) => (round === 0 ? 'antes de la primera ronda' : `tras la ronda ${round}`),
  noSample: 'El texto que escribe el modelo aparece aquí tras las primeras rondas.',
  join: 'Unirse',
  joinHow: 'Escanea, o abre en un navegador con WebGPU:',
  joinSteps: [
    'Escanea el código o abre la dirección',
    'Elige un texto: se queda en tu dispositivo',
    'Pulsa Iniciar',
  ],
  certificate: 'El certificado del relé, en cuatro palabras que también muestra su terminal:',
  joinClosed: 'Esta sesión está completa. El relé ofrece su base bajo su hash.',
  qr: (address) => `Código QR de ${address}`,
  localOnly:
    'Esta dirección solo funciona en este equipo. Para otros equipos, inicia el relé con --host 0.0.0.0 --tls auto.',
  insecure: 'Los navegadores de otros equipos necesitan https para WebGPU. Inicia el relé con --tls auto.',
};
