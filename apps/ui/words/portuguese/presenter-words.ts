import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** The texts of whoever presents a run in a hall, in Portuguese. */
export const presenterWords: Messages['presenter'] = {
  title: 'Apresentação',
  start: 'Iniciar',
  resume: 'Continuar',
  pause: 'Pausar após esta rodada',
  extend: 'Mais um minuto',
  end: 'Encerrar a sessão',
  endAsk: 'Encerrar a sessão para todos? A rodada aberta é confirmada se tiver contribuições suficientes.',
  endYes: 'Sim, encerrar',
  cancel: 'Cancelar',
  remove: (node) => `Remover ${node}`,
  removeAsk: (node) =>
    `Remover ${node}? Ele não poderá entrar de novo nesta sessão. O que contribuiu fica na base.`,
  removeWhich: 'Que nó deve ser removido?',
  removeNone: 'Escolha um nó',
  removeYes: 'Sim, remover',
  lobby: (nodes) =>
    plural(nodes, {
      one: '# nó está aqui. A sessão começa quando quem apresenta tocar em Iniciar.',
      many: '# de nós estão aqui. A sessão começa quando quem apresenta tocar em Iniciar.',
      other: '# nós estão aqui. A sessão começa quando quem apresenta tocar em Iniciar.',
    }),
  paused: 'Em pausa, por quem apresenta',
  pausing: 'A sessão fará uma pausa após esta rodada.',
  outcomes: {
    done: 'Feito.',
    'not-now': 'Isso não é possível no momento.',
    gone: 'Este nó já saiu.',
    refused:
      'O relé não aceitou o segredo de quem apresenta. Abra o endereço que ele mostrou ao iniciar pela última vez.',
    unreachable: 'O relé não respondeu. Tente de novo.',
  },
};
