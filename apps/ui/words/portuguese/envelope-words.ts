import type { Messages } from '../catalogue.ts';

/** The texts of the messages that a tab sent, opened, and of what can be guessed from a delta, in Portuguese. */
export const envelopeWords: Messages['envelope'] = {
  open: 'Abrir',
  close: 'Fechar',
  help: (each, size) =>
    `Os bytes como saíram desta aba, lidos pelo mesmo esquema que o relé usa. Podem ser abertas as ${each} mensagens mais recentes de cada tipo, e ${size} de pedaços.`,
  message: 'Mensagem',
  entry: (time, size) => `${time}, ${size}`,
  gone: 'Esta mensagem não está mais guardada nesta aba.',
  field: 'Campo',
  value: 'Valor',
  bytes: 'Bytes',
  header: 'Número e comprimento da mensagem',
  total: 'Total',
  moreBytes: (size) => `e mais ${size}`,
  delta: 'O delta que os pedaços levam',
  opening: 'Lendo e atacando o delta…',
  noDelta: {
    dropped: 'Uma parte deste delta ainda não foi enviada, ou não está mais guardada nesta aba.',
    'no-run': 'Este delta pertence a uma sessão anterior.',
  },
  carried: (round, size) => `O delta da rodada ${round}, ${size}.`,
  asOffered: 'O SHA-256 dele é o que a oferta indica.',
  notAsOffered: 'O SHA-256 dele não é o que a oferta indica.',
  picture: 'O que o delta muda, tensor por tensor',
  pictureHelp: 'Quanto mais forte a cor, maior a mudança; células sem cor são zero.',
  tensor: 'Tensor',
  changed: 'Valores diferentes de zero',
  norm: 'Norma',
  whole: 'Todos os tensores',
  guesses: 'O que se poderia adivinhar com ele',
  guessesHelp:
    'Ataques conhecidos, feitos nesta aba contra o seu próprio delta. Quem lê o delta também pode fazê-los. Os resultados e o seu texto ficam aqui.',
  tokens: 'Quais tokens o seu texto tem',
  named: 'Tokens que o ataque indica',
  precision: 'Destes, no seu texto (precisão)',
  recall: 'Dos seus tokens, indicados (revocação)',
  blind: 'Precisão ao acaso',
  separation: 'Os seus tokens ficam à frente de outros em',
  separationHelp: 'O último número seria 50% se o delta não dissesse nada sobre os tokens.',
  surest: 'Os palpites mais seguros:',
  right: '(certo)',
  wrong: '(errado)',
  frequencies: 'Quantas vezes o seu texto os tem',
  frequenciesAre: (correlation) =>
    `A ordem adivinhada dos seus tokens concorda com a verdadeira em ${correlation}. 1 é a mesma ordem, 0 é nenhuma concordância.`,
  frequenciesNone: 'O delta não revela nenhuma ordem.',
  text: 'O que o seu texto diz, palavra por palavra',
  textMany: (tokens, width) =>
    `Não tentado nesta aba. Um ataque publicado, DAGER (2024), reconstrói textos inteiros quando um delta tem menos tokens do que a largura do modelo. Este delta tem ${tokens} tokens, e o modelo tem largura ${width}: do jeito que é, o ataque não funciona aqui.`,
  textFew: (tokens, width) =>
    `Não tentado nesta aba. Um ataque publicado, DAGER (2024), reconstrói textos inteiros quando um delta tem menos tokens do que a largura do modelo. Este delta tem só ${tokens} tokens, e o modelo tem largura ${width}: um ataque assim talvez reconstrua o seu texto.`,
  textCaveat:
    'Isso não prova segurança. Os ataques melhoram, um leitor pode juntar os deltas de muitas rodadas, e texto que se repete é decorado: em um teste, uma frase repetida sem parar foi reconstruída palavra por palavra.',
};
