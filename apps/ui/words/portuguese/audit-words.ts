import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

const contributionsOf = (count: number) =>
  plural(count, { one: '# contribuição', many: '# de contribuições', other: '# contribuições' });
const entriesOf = (count: number) =>
  plural(count, {
    one: '# entrada do diário',
    many: '# de entradas do diário',
    other: '# entradas do diário',
  });

/** Every text of the audit page, in Portuguese. */
export const auditWords: Messages['audit'] = {
  description: 'Deriva de novo cada base de uma sessão do Tapestry neste navegador.',
  title: 'Conferência – Tapestry',
  heading: 'Confira você mesmo esta sessão',
  what: 'Este navegador lê o diário da sessão e cada contribuição, e deriva cada base de novo desde a primeira. Todas devem coincidir bit a bit.',
  token: 'Chave de acesso',
  tokenHelp: 'Só se a sessão mostra as contribuições apenas aos membros.',
  start: 'Iniciar a conferência',
  again: 'Conferir de novo',
  stop: 'Parar',
  reading: 'Lendo o diário…',
  derived: (round, rounds) => `Rodada ${round} de ${rounds} derivada de novo`,
  progress: 'Andamento da conferência',
  intact: 'Intacta: nada foi alterado',
  changed: (problems) =>
    plural(problems, {
      one: '# problema encontrado',
      many: '# de problemas encontrados',
      other: '# problemas encontrados',
    }),
  summary: (rounds, contributions, entries, time) =>
    [
      plural(rounds, {
        one: '# base derivada de novo bit a bit',
        many: '# de bases derivadas de novo bit a bit',
        other: '# bases derivadas de novo bit a bit',
      }),
      `, a partir de ${contributionsOf(contributions)} e ${entriesOf(entries)}, em ${time}.`,
    ].join(''),
  partly: (rounds, contributions, entries, time) =>
    `Bases derivadas de novo: ${rounds}. Lido: ${contributionsOf(contributions)} e ${entriesOf(entries)}, em ${time}.`,
  older: (last) =>
    `As contribuições das rodadas 1 a ${last} não são mais guardadas, como diz o manifesto da sessão: a primeira base derivada é a da rodada ${last + 1}.`,
  unsigned: (entries) =>
    plural(entries, {
      one: 'A assinatura do relé ainda não cobre a entrada mais nova do diário.',
      many: 'A assinatura do relé ainda não cobre as # de entradas mais novas do diário.',
      other: 'A assinatura do relé ainda não cobre as # entradas mais novas do diário.',
    }),
  run: 'Sessão',
  relayKey: 'Chave do relé',
  base: 'Última base derivada',
  compare:
    'Compare a sessão e a chave com as que você recebeu. Esta página vem do relé que ela confere: para não confiar em nenhum dos dois, execute isto em um aparelho seu:',
  nextWord: 'O que fazer:',
  next: {
    'relay.closed-to-readers': 'Digite a chave de acesso da sessão e inicie a conferência de novo.',
    'relay.blob-too-large': 'Confira esta sessão com `tapestry verify`, que lê modelos maiores que uma aba.',
    'relay.unreachable': 'Veja se o relé está rodando e inicie a conferência de novo.',
    'relay.cut-off': 'Inicie a conferência de novo.',
    'relay.fault': 'Inicie a conferência mais tarde. Se o erro continuar, avise quem cuida do relé.',
    'run.missing': 'Escolha a pasta que contém journal.sqlite e blobs.',
    'run.unreadable': 'Escolha a pasta de novo. Ela não pode mudar enquanto é lida.',
    'run.moved-on': 'Inicie a conferência de novo. Ela começará em uma rodada posterior.',
  },
  flip: 'Inverter um bit deste delta e conferir de novo',
  flipped: (round, node) =>
    `Este navegador inverteu um bit do delta da rodada ${round}, nó ${node}, para mostrar que a conferência o encontra. A sessão em si não foi alterada.`,
  receipts: 'Seus recibos',
  receiptsHelp:
    'A sua parte foi mesclada? Escolha receipts-….txt e checkpoint-….txt na pasta do seu nó. Os arquivos ficam neste navegador.',
  folder: 'A pasta de uma sessão',
  folderHelp:
    'Confira, em vez do relé, a pasta de dados dele ou uma cópia: escolha-a, ou solte-a nesta página. Ela fica neste navegador e não precisa de rede. Se o relé está rodando, copie antes a pasta dele.',
  chooseFolder: 'Escolher uma pasta',
  folderGiven: (name) => `Conferindo a pasta ${name}`,
  relayInstead: 'Conferir o relé de novo',
  dropHere: 'Solte a pasta de uma sessão',
  dropHelp: 'Ela é conferida aqui, e nada sai deste navegador.',
  reportHelp:
    'O relatório diz o que foi conferido e encontrado, e é assinado por uma chave que fica neste navegador. Outros o conferem com:',
  saveReport: 'Salvar o relatório assinado',
  saveText: 'Salvar como texto',
  receiptsHeading: (count) =>
    plural(count, { one: 'Seu recibo', many: 'Seus # de recibos', other: 'Seus # recibos' }),
  receipt: (sequence, round) =>
    round === null ? `Entrada ${sequence}` : `Entrada ${sequence}, rodada ${round}`,
  receiptRefuted: 'O diário não contém a contribuição deste recibo: veja os problemas acima.',
  grid: 'Contribuições',
  gridHelp:
    'As linhas são nós e as colunas, rodadas. As setas movem; escolha uma contribuição para ver cada passo da conferência.',
  gridEmpty: 'As contribuições aparecem aqui à medida que as rodadas são derivadas.',
  node: 'Nó',
  earlier: 'Rodadas anteriores',
  later: 'Rodadas posteriores',
  roundsShown: (from, to, all) => `Rodadas ${from} a ${to} de ${all}`,
  moreNodes: (count) =>
    plural(count, {
      one: 'Mostrar mais # nó',
      many: 'Mostrar mais # de nós',
      other: 'Mostrar mais # nós',
    }),
  states: {
    derived: 'parte de uma base derivada de novo',
    'left-out': 'não contada, como derivado',
    changed: 'alterada',
    'not-merged': 'não mesclada',
    'not-kept': 'não é mais guardada',
    waiting: 'ainda não conferida',
    unreached: 'não conferida: houve um problema antes',
  },
  cell: (round, node, state) => `Rodada ${round}, nó ${node}: ${state}`,
  roundChanged: (round) => `Rodada ${round}: um problema foi encontrado aqui`,
  chosen: (round, node) => `Rodada ${round}, nó ${node}`,
  attempt: (index, all) => `Contribuição ${index} de ${all}: a rodada foi aberta de novo.`,
  facts: (tokens, steps, bytes) =>
    [
      plural(tokens, { one: '# token', many: '# de tokens', other: '# tokens' }),
      plural(steps, { one: ' em # passo', many: ' em # de passos', other: ' em # passos' }),
      `, ${bytes}`,
    ].join(''),
  steps: {
    entry: (sequence) => `A entrada ${sequence} do diário está encadeada à anterior`,
    signature: 'O nó assinou a sua oferta',
    payload: 'O delta tem o hash que o nó assinou',
    delta: 'O delta está na grade da sessão e dentro da sua norma',
    base: 'Mesclado com os outros deltas da rodada, dá a base do diário',
    'base-without': 'A regra de mescla o deixa de fora, e os outros dão a base do diário',
    checkpoint: 'O relé assinou o diário antes de confirmar esta rodada',
  },
  results: {
    held: 'Confere',
    changed: 'Não confere',
    waiting: 'Ainda não',
    unreached: 'Não alcançado',
    'not-kept': 'Não guardado',
    'not-merged': 'Não mesclado',
  },
};
