import type { CommonWords } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts that several pages show, in Portuguese. */
export const commonWords: CommonWords = {
  brand: 'Tapestry',
  theme: {
    system: 'Cores: as do sistema',
    light: 'Cores: claras',
    dark: 'Cores: escuras',
  },
  language: 'Idioma',
  languageMissing: (language: string) =>
    `Não é possível carregar ${language} enquanto o relay não responder.`,
  skip: 'Ir para o conteúdo',
  hosts: { browser: 'Aba do navegador', node: 'Node', deno: 'Deno' },
  states: {
    syncing: 'Baixando',
    training: 'Treinando',
    uploading: 'Enviando',
    waiting: 'Esperando',
    paused: 'Em pausa',
    following: 'Seguindo',
  },
  offline: { waiting: 'Guardando a página…', ready: 'Funciona sem rede' },
  ownText: 'texto próprio',
  unlistedCorpus: 'outro',
  connection: {
    connecting: 'Conectando…',
    live: 'Ao vivo',
    stale: 'Desatualizado',
    staleSince: (time) => `O relé não responde há ${time}. Conectando de novo…`,
    unreadable: 'O relé é mais novo que esta página. Recarregue a página.',
  },
  cloth: {
    label: 'Andamento da sessão',
    value: (done, rounds) =>
      plural(rounds, {
        one: `${done} de # rodada confirmada`,
        many: `${done} de # de rodadas confirmadas`,
        other: `${done} de # rodadas confirmadas`,
      }),
    legend:
      'Os fios são corpora e as colunas, rodadas. Um fio tem cor nas rodadas de que o seu corpus participou.',
  },
  loss: {
    title: 'Perda',
    unit: 'nats por token, como os nós informam; para os corpora, em texto que eles reservaram',
    training: 'Treino, todos os nós',
    probe: 'Medida pelo relé',
    own: 'Sua perda de treino',
    ownHeldOut: 'Perda da base no seu texto reservado',
    round: 'Rodada',
    step: 'Passo',
    empty: 'A curva começa quando a primeira rodada é confirmada.',
    ownEmpty: 'A curva começa com os seus primeiros passos.',
    summary: (from, to) => `A perda foi de ${from} para ${to}.`,
  },
};
