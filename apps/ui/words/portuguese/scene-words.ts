import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of the scenes that are shown in a hall, in Portuguese. */
export const sceneWords: Messages['scenes'] = {
  open: 'Apresentar',
  close: 'Sair da apresentação',
  keys: 'Teclas: 1 a 5 e as setas mudam de cena, Escape sai. Com o segredo de quem apresenta: S inicia, P pausa, M dá um minuto, R remove um nó, E encerra a sessão.',
  fewKeys: 'Teclas: as setas mudam de cena, Escape sai.',
  keysOn: 'Ativar as teclas de letras',
  keysOff: 'Desativar as teclas de letras',
  names: { join: 'Entrar', weave: 'Tecer', learn: 'Aprender', speak: 'Falar', thanks: 'Obrigado' },
  joinHow: 'Escaneie o código, escolha um texto, toque em Iniciar. O texto fica no seu aparelho.',
  here: (nodes) =>
    plural(nodes, { one: '# nó está aqui.', many: '# de nós estão aqui.', other: '# nós estão aqui.' }),
  round: (round, rounds) => `Rodada ${round} de ${rounds}`,
  contributions: (given, target) =>
    plural(target, {
      one: `${given} de # contribuição`,
      many: `${given} de # de contribuições`,
      other: `${given} de # contribuições`,
    }),
  left: (time) => `faltam ${time}`,
  loss: (from, to) => `Perda ${from} → ${to}`,
  lossOf: {
    probe: 'medida pelo relé',
    heldOut: 'em texto que os nós reservam, como eles informam',
  },
  noLoss: 'A linha começa quando duas rodadas estão confirmadas.',
  chart: (from, to, best, worst) =>
    `A perda média foi de ${from} para ${to}. O melhor corpus é ${best}; o pior, ${worst}.`,
  thanksHeading: 'Obrigado',
  thanks: (contributions, tokens) =>
    [
      plural(contributions, {
        one: '# contribuição',
        many: '# de contribuições',
        other: '# contribuições',
      }),
      plural(tokens, { one: '# token', many: '# de tokens', other: '# tokens' }),
      'uma base.',
    ].join(', '),
  print: 'Imprimir',
  picture: 'Salvar a imagem',
  ownThreads: 'Com contorno e sob uma barra: os seus fios.',
  /** Bases that write for the room. */
  speech: {
    prompt: 'O seu prompt',
    send: 'Enviar',
    starts: 'Ou deixe um corpus começar',
    shown: 'Todos o veem e as bases o continuam. O relé não o guarda.',
    sent: {
      taken: 'Enviado. Aparece quando chegar a sua vez.',
      unfit: 'Isso não pode ser um prompt: precisa de letras ou algarismos, e de nada invisível.',
      full: 'Há prompts demais à espera. Tente de novo em um minuto.',
      failed: 'O relé não o aceitou. Tente de novo.',
    },
    writing: 'escrevendo…',
    waiting: (prompts) =>
      plural(prompts, {
        one: 'Mais # prompt espera.',
        many: 'Mais # prompts esperam.',
        other: 'Mais # prompts esperam.',
      }),
    skip: 'Próximo prompt (N)',
  },
};
