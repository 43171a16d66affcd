import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts about a base: trying it and taking it home, in Portuguese. */
export const baseWords: Messages['bases'] = {
  heading: 'Experimentar a base',
  what: 'O modelo compartilhado continua as suas palavras, aqui, no seu aparelho. Ele é pequeno: imita os textos com que foi treinado e não responde perguntas. Nada do que você escreve aqui é enviado.',
  notYet: 'Ela escreve assim que a primeira rodada fizer uma base.',
  prompt: 'Começar com',
  examplePrompt: 'Todos os seres humanos ',
  mode: 'Mostrar',
  modes: {
    rounds: 'antes e depois da última rodada',
    samples: 'dois textos da base mais nova, para escolher',
  },
  downloads: (size) =>
    `As bases que ainda não estão neste aparelho são baixadas antes do relé, ${size} cada uma.`,
  write: 'Escrever',
  stop: 'Parar',
  reading: 'Obtendo a base…',
  stopped: 'Parado.',
  written: 'Os textos estão completos.',
  round: (round) => (round === 0 ? 'Antes da primeira rodada' : `Depois da rodada ${round}`),
  sample: (letter) => `Texto ${letter}`,
  empty: 'Ela não escreveu nada: o texto terminou logo.',
  vote: 'Qual texto é melhor?',
  better: (letter) => `O texto ${letter} é melhor`,
  equal: 'Nenhum',
  voteHelp:
    'Seus votos ficam neste aparelho, e ninguém mais os vê. Você pode baixá-los como pares de um texto melhor e outro pior, com os quais uma receita sua treina (“prefer”).',
  voted: (votes) =>
    plural(votes, {
      one: '# voto está guardado neste aparelho.',
      many: '# de votos estão guardados neste aparelho.',
      other: '# votos estão guardados neste aparelho.',
    }),
  thanks: 'Nenhum voto está guardado.',
  downloadVotes: 'Baixar os seus votos',
  ending: {
    heading: 'Leve a base para casa',
    complete: (done, rounds) =>
      done === rounds
        ? plural(rounds, {
            one: 'A única rodada está feita, e ninguém treina mais.',
            many: 'As # de rodadas estão feitas, e ninguém treina mais.',
            other: 'As # rodadas estão feitas, e ninguém treina mais.',
          })
        : plural(rounds, {
            one: 'A sessão terminou antes de completar a única rodada.',
            many: `A sessão terminou depois de ${done} de # de rodadas, e ninguém treina mais.`,
            other: `A sessão terminou depois de ${done} de # rodadas, e ninguém treina mais.`,
          }),
    folder: (round, size) =>
      `A base depois da rodada ${round}, como pasta: pesos (${size}), configuração, tokenizador e uma ficha que diz como foi feita.`,
    prepare: 'Preparar os arquivos',
    preparing: 'Obtendo a base…',
    whatNext: 'E agora',
    studio:
      'Construa o seu próprio modelo sobre ela, sem rede: inicie o estúdio e solte a pasta na página dele.',
    chat: 'Deixe-a escrever no seu computador:',
    audit: 'Conferir neste navegador como o relé a fez',
    auditWhy: 'com as contribuições de todos, bit a bit.',
  },
};
