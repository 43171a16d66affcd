import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the dashboard, in Portuguese. */
export const dashboardWords: Messages['dashboard'] = {
  description: 'Uma sessão do Tapestry ao vivo: nós, rodadas e perda.',
  title: 'Painel – Tapestry',
  fullScreen: 'Tela cheia',
  leaveFullScreen: 'Sair da tela cheia',
  facts: (parameters, rounds, steps) =>
    [
      plural(parameters, {
        one: '# parâmetro · ',
        many: '# de parâmetros · ',
        other: '# parâmetros · ',
      }),
      plural(rounds, { one: '# rodada de ', many: '# de rodadas de ', other: '# rodadas de ' }),
      plural(steps, { one: '# passo local', many: '# de passos locais', other: '# passos locais' }),
    ].join(''),
  upper: (layers, of) => `Aparelhos lentos podem treinar só as camadas superiores (${layers} de ${of})`,
  upstream: {
    following: (round) =>
      round === 0 ? 'Segue um relé superior' : `Base de um relé superior, após a rodada ${round} dele`,
    alone: (round) =>
      round === 0
        ? 'Trabalha sem o seu relé superior'
        : `Trabalha sem o seu relé superior desde a base da rodada ${round} dele`,
  },
  round: 'Rodada',
  ofRounds: (rounds) => `de ${rounds}`,
  phases: {
    waiting: 'Espera nós',
    training: 'Treino',
    grace: 'Últimas contribuições',
    complete: 'Completa',
  },
  waitingFor: (nodes, quorum) =>
    plural(quorum, {
      one: `${nodes} de # nó necessário`,
      many: `${nodes} de # de nós necessários`,
      other: `${nodes} de # nós necessários`,
    }),
  contributions: 'Contribuições',
  ofTarget: (target) => `de ${target}`,
  timeLeft: 'Tempo restante',
  completeHeading: (done, rounds) =>
    done === rounds
      ? plural(rounds, {
          one: 'A rodada está completa',
          many: 'As # de rodadas estão completas',
          other: 'As # rodadas estão completas',
        })
      : plural(rounds, {
          one: 'A sessão terminou antes de confirmar a sua rodada',
          many: `A sessão terminou após ${done} de # de rodadas`,
          other: `A sessão terminou após ${done} de # rodadas`,
        }),
  completeLoss: (from, to) => `Perda em texto reservado ${from} → ${to}, como os nós informam`,
  completeProbe: (loss) => `Perda ${loss}, medida pelo relé`,
  nodes: 'Nós',
  noNodes: 'Nenhum nó entrou ainda. Os nós aparecem aqui quando entram.',
  nodesGone: 'Todos os nós saíram.',
  showAll: (count) =>
    plural(count, { one: 'Mostrar tudo (#)', many: 'Mostrar tudo (#)', other: 'Mostrar tudo (#)' }),
  showFewer: 'Mostrar menos',
  lossShort: 'perda',
  reported: 'Perdas, passos, tokens, velocidades e downloads são como os nós informam.',
  rate: (tokens) => `${tokens}/s`,
  nodeSteps: (done, steps) => `passo ${done} de ${steps}`,
  nodeUpper: 'treina as camadas superiores',
  nodeMoved: (sent, received) => `${sent} enviados, ${received} recebidos`,
  totals: 'Em conjunto',
  tokens: 'Tokens',
  tokensPerSecond: 'Tokens/s informados',
  accepted: 'Contribuições aceitas',
  moved: 'Bytes transferidos',
  less: (times) => `${times} menos que o treino com dados em paralelo`,
  dataParallel: (bytes) => `Trocar os gradientes a cada passo teria transferido ${bytes}.`,
  base: 'Base',
  baseFile: (size) => `${size} de números de ponto flutuante de 32 bits`,
  verify: 'Quem pode ler as contribuições pode derivar esta base de novo, bit a bit:',
  audit: 'Conferir neste navegador',
  sample: 'Texto que a base escreve',
  sampleRound: (round) => (round === 0 ? 'antes da primeira rodada' : `após a rodada ${round}`),
  noSample: 'O texto que o modelo escreve aparece aqui após as primeiras rodadas.',
  join: 'Entrar',
  joinHow: 'Escaneie, ou abra em um navegador com WebGPU:',
  joinSteps: [
    'Escaneie o código ou abra o endereço',
    'Escolha um texto: ele fica no seu aparelho',
    'Toque em Iniciar',
  ],
  certificate: 'O certificado do retransmissor, em quatro palavras que o terminal dele também mostra:',
  joinClosed: 'Esta sessão está completa. O relé oferece a base sob o seu hash.',
  qr: (address) => `Código QR de ${address}`,
  localOnly:
    'Este endereço só funciona neste aparelho. Para outros aparelhos, inicie o relé com --host 0.0.0.0 --tls auto.',
  insecure:
    'Os navegadores de outros aparelhos precisam de https para o WebGPU. Inicie o relé com --tls auto.',
};
