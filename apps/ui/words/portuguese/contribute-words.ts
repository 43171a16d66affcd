import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the page that contributes to a run, in Portuguese. */
export const contributeWords: Messages['contribute'] = {
  description: 'Treine um modelo de linguagem comum com um texto que fica no seu aparelho.',
  title: 'Contribuir – Tapestry',
  heading: 'Ajude a treinar um modelo de linguagem. Seu texto fica aqui.',
  what: 'Sua GPU treina um modelo compartilhado com um texto que você escolhe. Só são enviadas mudanças nos números do modelo, mescladas com as de outros nós.',
  newTab: '(abre uma nova aba)',
  dashboard: 'Painel',
  run: (name, parameters) =>
    `“${name}”, ${plural(parameters, {
      one: 'um modelo de # parâmetro',
      many: 'um modelo de # de parâmetros',
      other: 'um modelo de # parâmetros',
    })}.`,
  gpu: 'Sua GPU',
  probing: 'Procurando a sua GPU…',
  software:
    'Este é um adaptador de software: ele calcula no processador. Funciona, mas mais devagar que uma GPU.',
  text: 'Seu texto',
  corpusChoice: 'Um corpus incluído',
  corpusLabel: 'Corpus',
  corpusHelp: (languages) =>
    plural(languages, {
      one: 'A Declaração Universal dos Direitos Humanos em # língua:',
      many: 'A Declaração Universal dos Direitos Humanos em # de línguas:',
      other: 'A Declaração Universal dos Direitos Humanos em # línguas:',
    }),
  filesChoice: 'Seus próprios arquivos',
  filesLabel: 'Arquivos',
  filesHelp:
    'Texto simples ou Markdown em UTF-8, UTF-16 ou Windows-1252, ou JSONL com um campo “text”. Só esta aba lê os arquivos.',
  textReading: 'Lendo os arquivos…',
  textFirstLines: (size) => `${size} de texto podem ser usados. Começa assim:`,
  filesChosen: (count, size) =>
    `${plural(count, { one: '# arquivo', many: '# de arquivos', other: '# arquivos' })}, ${size}`,
  filesLost: (names) => `A página foi recarregada. Escolha estes arquivos de novo: ${names}.`,
  filesNeeded: 'Escolha pelo menos um arquivo ou cole um texto.',
  pastedLabel: 'Ou cole um texto',
  pastedHelp: 'Só esta aba o lê. Ele não é guardado.',
  pastedName: 'texto colado',
  pastedLost: 'A página foi recarregada. Cole o texto de novo.',
  notAddresses:
    'Isso é um endereço. Esta página não lê outros sites: abra o endereço, copie o texto e cole-o aqui.',
  dropHere: 'Ou solte arquivos e pastas aqui.',
  token: 'Chave de acesso',
  tokenHelp: 'Peça a chave a quem cuida deste relé.',
  tokenNeeded: 'Este relé exige uma chave de acesso.',
  power: 'Potência',
  powerHelp: 'Menos potência deixa mais da GPU para o seu outro trabalho.',
  start: 'Iniciar',
  again: 'Iniciar de novo',
  pause: 'Pausar',
  resume: 'Retomar',
  finish: 'Concluir',
  finishHelp:
    'Concluir completa e envia a sua rodada atual e depois sai. Você também pode fechar a aba: a sua rodada fica guardada neste aparelho e continua se você voltar antes do fim dela.',
  state: {
    checking: 'Preparando',
    ready: 'Pronto',
    starting: 'Iniciando',
    joining: 'Entrando no relé',
    compiling: 'Compilando os kernels',
    syncing: 'Baixando a base',
    training: 'Treinando',
    sending: 'Enviando o seu delta',
    waiting: 'Esperando a próxima rodada',
    retrying: 'Conexão perdida, nova tentativa',
    paused: 'Em pausa',
    following: 'Seguindo a sessão',
    finishing: 'Concluindo esta rodada',
    finished: 'Concluído. Obrigado.',
    complete: 'A sessão está completa. Obrigado.',
    failed: 'Parado',
    over: 'A sessão está completa',
    unsupported: 'Este navegador não pode treinar',
  },
  progress: (round, rounds, step, steps) => `Rodada ${round} de ${rounds}, passo ${step} de ${steps}`,
  lobby: (nodes) =>
    plural(nodes, {
      one: '# nó está aqui. O treino começa quando quem apresenta iniciar a sessão.',
      many: '# de nós estão aqui. O treino começa quando quem apresenta iniciar a sessão.',
      other: '# nós estão aqui. O treino começa quando quem apresenta iniciar a sessão.',
    }),
  lobbyJoin: (nodes) =>
    plural(nodes, {
      one: '# nó está aqui. Toque em Iniciar para entrar: o treino começa quando quem apresenta iniciar a sessão.',
      many: '# de nós estão aqui. Toque em Iniciar para entrar: o treino começa quando quem apresenta iniciar a sessão.',
      other:
        '# nós estão aqui. Toque em Iniciar para entrar: o treino começa quando quem apresenta iniciar a sessão.',
    }),
  held: 'Quem apresenta pôs a sessão em pausa e vai retomá-la.',
  retrying: (attempt, seconds) => `Tentativa ${attempt}, em ${seconds} s.`,
  retryNow: 'Tentar agora',
  launch: {
    label: 'Passos do início',
    join: 'Entrar',
    compile: 'Compilar',
    fetch: 'Baixar',
    train: 'Treinar',
    done: '(feito)',
  },
  roundEnds: (time) => `Esta rodada termina por volta de ${time}.`,
  roundCutOff: (time) => `O prazo encerra esta rodada às ${time}, antes do seu último passo.`,
  runEnds: (time) => `A sessão termina por volta de ${time}.`,
  tabProgress: (percent, round, rounds) => `${percent} · rodada ${round} de ${rounds}`,
  options: 'Quanto e até quando',
  stopAfter: 'Parar após',
  stopNever: 'O fim da sessão',
  stopRounds: (rounds) => plural(rounds, { one: '# rodada', many: '# de rodadas', other: '# rodadas' }),
  pauseFor: 'Minutos de pausa',
  minutes: 'min',
  pauseForButton: 'Pausar por esse tempo',
  away: {
    heading: 'Quando você não está',
    hidden: 'A página continua o treino quando está oculta ou atrás de outras janelas.',
    onBattery: 'Pausar na bateria',
    onlyIdle: 'Treinar só quando ninguém usa o aparelho',
    idleDevice: 'Isto é, após 3 minutos sem tecla nem ponteiro neste aparelho.',
    idlePage:
      'Este navegador não diz nada à página sobre seus outros programas. Por isso ela treina após 3 minutos sem tecla nem ponteiro nesta página.',
    weekly: 'Treinar só em horários fixos da semana',
    weeklyHelp: 'Hora local. Se o fim não é depois do início, ele é no dia seguinte.',
    from: 'Das',
    to: 'Às',
    dayNeeded: 'Nenhum dia foi escolhido: os horários não contam.',
    tone: 'Tocar um tom inaudível durante o treino',
    toneHelp:
      'O Chrome freia abas ocultas, mas não a que toca som. Você não ouve nada; a aba mostra um alto-falante.',
    reasons: {
      person: 'Você pausou.',
      timed: (time) => `Você pausou. O treino recomeça às ${time}.`,
      weekly: (time) => `Agora não é um dos seus horários fixos. O treino recomeça às ${time}.`,
      battery: 'O aparelho está na bateria. O treino recomeça quando ele for ligado à tomada.',
      device: 'Você está usando este aparelho. O treino recomeça após 3 minutos sem tecla nem ponteiro.',
      page: 'Você está usando esta página. O treino recomeça após 3 minutos sem tecla nem ponteiro aqui.',
    },
  },
  otherTab: {
    heading: 'Outra aba deste navegador está treinando',
    why: 'Aquela aba continua, e nada se perde. Uma aba usa a GPU inteira, por isso esta só observa.',
    title: 'O título dela agora:',
    show: 'Mostrar essa aba',
    showHelp: 'A aba vem para a frente onde o navegador permite; senão, o título dela começa com “Aqui”.',
    called: (title) => `Aqui: ${title}`,
  },
  times: (count) => plural(count, { one: '(# vez)', many: '(# de vezes)', other: '(# vezes)' }),
  tooSlow: (needs, gives) =>
    `Seu aparelho precisa de cerca de ${needs} min por rodada, e esta sessão dá ${gives} min.`,
  tooSlowNext:
    'Ponha a potência em 100%, feche outros programas que usam a GPU ou contribua de um aparelho mais rápido.',
  yours: 'Sua parte',
  tokens: 'Tokens que você contribuiu',
  share: 'Parte da sessão',
  rank: 'Posição entre os nós presentes',
  rankValue: (rank, nodes) => `${rank} de ${nodes}`,
  roundsCounted: 'Rodadas que contaram, nesta aba',
  accepted: 'Contribuições aceitas',
  counted: 'A última conta',
  speed: 'Tokens por segundo',
  corpusTokens: 'Tokens do seu texto',
  pass: 'Uma passada pelo seu texto',
  passMinutes: (minutes) => `cerca de ${minutes} min`,
  passShort: 'menos de 1 min',
  receipts: {
    download: 'Baixar os seus recibos',
    help: 'O relé assina um recibo para cada contribuição que aceita. O arquivo contém os 256 mais novos desta sessão e nada do seu texto.',
    check: 'Qualquer pessoa pode conferir que a sessão contém as suas contribuições:',
    saved: (name) => `Salvo como ${name}.`,
    none: 'Este navegador ainda não tem nenhum recibo desta sessão.',
  },
  sent: 'Dados enviados',
  sentType: 'Mensagem',
  sentBytes: 'Bytes',
  sentNames: {
    join: 'Entrada: a sua chave e a assinatura dela',
    offer: 'Oferta: hash, contagens e perdas de um delta',
    chunk: 'Pedaço: o delta, codificado',
    heartbeat: 'Pulso: “estou aqui”, passos, perda',
    leave: 'Saída: até logo',
  },
  sentTotal: 'Total enviado',
  received: 'Recebido por este nó (bases, deltas e mensagens)',
  pageItself: 'Esta página em si (scripts, imagens, estado), sem o nó',
  notSent: 'Seu texto não foi enviado, nem pode ser.',
  notSentWhy:
    'O relé só aceita estas cinco mensagens. Nenhuma tem um campo para texto, e cada uma tem um tamanho fixo. Seu texto fica em um worker que só pode se conectar a este relé.',
  schema: 'Ler cada mensagem',
  audit: 'Conferir como o relé o mesclou',
  limits: 'Mesmo assim, um delta pode revelar partes do seu texto',
  limitsText:
    'Um delta é calculado a partir do seu texto. Quem o lê pode dizer com bastante certeza que bytes ocorrem no texto. Em um teste, uma frase repetida muitas vezes foi reproduzida palavra por palavra. O relé lê cada delta e, depois da rodada, também o leem aqueles que a sessão indica. Em uma rodada com poucos nós, a base seguinte, que é pública, mostra muito de cada delta. Não contribua com segredos.',
  notices: 'Avisos',
  refused: (code, round) => `O relé recusou a sua contribuição para a rodada ${round} (${code}).`,
  dropped: (round) =>
    `Sua contribuição para a rodada ${round} chegou tarde ou não pôde ser usada. Seu nó continua com a próxima rodada.`,
  leftOut: (round) =>
    `Sua contribuição para a rodada ${round} ficou de fora, porque aponta contra as dos outros.`,
  leftOutNext:
    'Nada, se acontece de vez em quando: seu texto talvez seja diferente do dos outros. Se acontece em toda rodada, escolha outro texto.',
  fates: {
    included: () => 'por inteiro',
    scaled: (percent) => `em ${percent}`,
    trimmed: (percent) => `em ${percent}: alguns valores são diferentes demais dos outros`,
    capped: (percent) => `em ${percent}: a sessão limita o peso de um nó`,
    'left-out': () => 'deixada de fora',
    'too-fast': (percent) => `em ${percent}: este dispositivo nunca foi tão rápido`,
    short: (percent) => `em ${percent}: ela muda a base menos do que tantos passos deveriam`,
    copy: () => 'não contada: quase igual a uma anterior',
    worse: () => 'não contada: sem ela, a base é melhor no texto de teste',
    distrusted: (percent) =>
      `em ${percent}: contribuições anteriores deste dispositivo eram cópias ou pioraram a base`,
    unproven: () => 'ainda não contada: o relay ainda não testou este dispositivo',
  },
  abandoned: (round) =>
    `A rodada ${round} não deu uma base e abre de novo: teve poucas contribuições, ou a base era pior no texto reservado do que a sessão permite.`,
  deviceLost: (round, step) =>
    `A GPU foi perdida e aberta de novo. A rodada ${round} recomeça após o passo ${step}.`,
  storedRound: {
    resumed: (round, step) =>
      `A rodada ${round} continua após o passo ${step}, onde este navegador a guardou.`,
    returned: (round, steps) =>
      `A rodada ${round} fechou enquanto esta página não estava aberta. O que ${plural(steps, { one: 'o seu passo aprendeu', many: 'os seus # passos aprenderam', other: 'os seus # passos aprenderam' })} entra na sua próxima contribuição.`,
    lost: (code) => `A rodada que este navegador guardou não pode ser usada (${code}). O seu nó a recomeça.`,
    failed: (round) =>
      `Este navegador não conseguiu guardar a rodada ${round}. Se a página fechar agora, os passos dela se perdem.`,
    failedNext: 'Libere espaço neste aparelho. O seu nó tenta de novo sozinho.',
  },
  tooShort: (round, lasts, training, upload) =>
    `A rodada ${round} dura ${lasts}. Este aparelho precisa de ${training} para o seu mínimo de passos e de ${upload} para o envio, por isso a sua contribuição pode chegar tarde.`,
  tooShortNext:
    'Um aparelho cujo trabalho chega sempre tarde apenas segue a sessão. Mais potência, um aparelho mais rápido ou uma rede mais rápida fazem com que conte.',
  part: {
    upper: (layers, of) => `Este aparelho treina as camadas superiores do modelo (${layers} de ${of}).`,
    time: (lasts, training, upload) =>
      `Uma rodada dura ${lasts}. Para o modelo inteiro, este aparelho precisa de ${training} para o seu mínimo de passos e de ${upload} para o envio.`,
    late: 'O seu trabalho com o modelo inteiro chegou tarde repetidas vezes.',
    memory: 'Falta memória para treinar o modelo inteiro.',
    next: 'Nada: as suas contribuições contam para essas camadas. Assim que o modelo inteiro couber numa rodada, volta a treiná-lo.',
    memoryNext: 'Nada: as suas contribuições contam para essas camadas.',
    whole: 'Este aparelho treina de novo o modelo inteiro.',
  },
  follows: {
    syncing: (round) => `A rodada ${round} terminou quando este aparelho ainda baixava a base dela.`,
    training: (round, steps, localSteps) =>
      `A rodada ${round} terminou quando este aparelho tinha feito ${steps} de ${localSteps} passos.`,
    sending: (round, steps) =>
      `A rodada ${round} terminou quando este aparelho tinha feito ${steps} passos e ainda enviava o seu delta.`,
    rounds: (rounds) => `Agora ele apenas segue a sessão, e volta a participar depois de ${rounds} rodadas.`,
  },
  followsNext:
    'Nada, ou mais potência: com mais, ele participa de imediato. Um aparelho ou uma rede mais rápida também ajuda.',
  notFinite: (round) =>
    `O treino na rodada ${round} deu números não finitos, por isso nada foi enviado. Ele continua a partir da próxima base.`,
  kernelsChanged:
    'A GPU, o driver dela ou esta página mudou desde que o estado foi salvo. O treino continua, mas os resultados podem diferir nos últimos dígitos.',
  kernelsDemoted:
    'Um passo de teste mostrou que a sua GPU calcula errado com alguns dos seus programas. Neste aparelho, outros mais lentos, mas corretos, os substituem.',
  next: 'O que fazer:',
  fork: {
    heading: 'Este relé assinou duas histórias diferentes da sessão',
    what: 'Seu nó comparou o que o relé diz agora com o que ele assinou antes, e parou. Ele não envia mais nada a este relé. Um relé que faz isso pode dar bases diferentes a nós diferentes.',
    stepsWithProof: [
      'Baixe a prova. Ela só está neste navegador, e “Esquecer-me neste aparelho” a apaga.',
      'Envie-a aos outros nós e a quem cuida do relé. Ela contém hashes e assinaturas, e nada do seu texto.',
      'Só contribua de novo quando tiverem encontrado o motivo.',
    ],
    steps: [
      'Baixe os dois arquivos. Eles só estão neste navegador, e “Esquecer-me neste aparelho” os apaga.',
      'Avise os outros nós e quem cuida do relé. Com estes arquivos, “tapestry verify” mostra onde o diário do relé difere do que ele assinou.',
      'Só contribua de novo quando tiverem encontrado o motivo.',
    ],
    download: {
      proof: 'Baixar a prova',
      checkpoint: 'Baixar o ponto de verificação',
      receipts: 'Baixar os recibos',
    },
    check: 'Qualquer pessoa pode conferir a prova sem confiar em você:',
    details: 'O que contradiz o quê',
  },
  forget: 'Esquecer-me neste aparelho',
  forgetHelp:
    'Apaga a chave, o estado salvo, os pesos, o que o relé assinou para você, os seus votos sobre textos, as suas escolhas e os arquivos da página, que esta página guarda no seu navegador. Ela não guarda mais nada.',
  forgotten: 'Tudo o que esta página guardava foi apagado.',
  forgetConfirm: 'Apagar agora',
  cancel: 'Cancelar',
};
