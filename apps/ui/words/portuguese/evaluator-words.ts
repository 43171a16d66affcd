import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text on evaluators: on the dashboard, in an open round, and on the page that contributes, in Portuguese. */
export const evaluatorWords: Messages['evaluators'] = {
  heading: 'Avaliadores',
  purpose: (quorum) =>
    plural(quorum, {
      one: 'Eles pontuam as contribuições pela perda no texto de teste. Uma só pontuação decide; sem ela, valem as do relé.',
      many: 'Eles pontuam as contribuições pela perda no texto de teste. A partir de # avaliadores a mediana decide; com menos, valem as pontuações do relé.',
      other:
        'Eles pontuam as contribuições pela perda no texto de teste. A partir de # avaliadores a mediana decide; com menos, valem as pontuações do relé.',
    }),
  none: 'Nenhuma rodada foi encerrada ainda.',
  scores: (round, scores, all) => `Rodada ${round}: ${scores} de ${all} pontuaram`,
  waits: (time) => `no máximo mais ${time}`,
  states: {
    unheard: 'Ainda sem notícia',
    here: 'Presente',
    scored: 'Pontuou',
    silent: 'Em silêncio',
  },
  score: 'Pontuação',
  scoredBy: 'Pontuado por',
  relay: 'o relé',
  unit: 'Uma pontuação diz quanto uma contribuição baixa a perda no texto de teste, em nats por token.',
  evaluate: 'Avaliar',
  stop: 'Parar de avaliar',
  granted:
    'Esta sessão nomeia sua chave como avaliador. Em vez de treinar, sua GPU pode pontuar o que os outros contribuem. Ela não precisa de nenhum texto seu.',
  downloads:
    'Em cada rodada ela baixa a base e as contribuições que são pontuadas. Ela só envia pontuações com a sua assinatura.',
  keyHeading: 'Avaliar uma sessão',
  keyFor:
    'Dê esta chave do seu navegador a quem inicia a sessão, antes que ela comece: uma sessão nomeia seus avaliadores no começo, e nenhum é acrescentado depois. Uma sessão neste endereço que a nomeie oferecerá a você avaliar:',
  opening: 'Abrindo a GPU e lendo o diário…',
  following: 'Espera uma rodada encerrar.',
  answers: {
    taken: (round) => `Rodada ${round}: suas pontuações foram enviadas.`,
    late: (round) => `Rodada ${round}: suas pontuações chegaram tarde.`,
    refused: (round) => `Rodada ${round}: o relé recusou suas pontuações.`,
  },
  counted: (round) => `Rodada ${round}: suas pontuações estão no diário.`,
  uncounted: (round) => `A rodada ${round} foi confirmada sem suas pontuações.`,
  waiting: 'O relé não responde. Ele será perguntado de novo.',
  done: 'A sessão terminou. Obrigado.',
  stopped: 'Parado. As rodadas continuam sem suas pontuações.',
};
