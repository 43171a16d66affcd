import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the page that contributes to a run, in Spanish. */
export const contributeWords: Messages['contribute'] = {
  description: 'Entrena un modelo de lenguaje común con un texto que se queda en tu dispositivo.',
  title: 'Contribuir – Tapestry',
  heading: 'Ayuda a entrenar un modelo de lenguaje. Tu texto se queda aquí.',
  what: 'Tu GPU entrena un modelo compartido con un texto que eliges. Solo se envían cambios en los números del modelo, que se fusionan con los de otros nodos.',
  newTab: '(abre una pestaña nueva)',
  dashboard: 'Panel',
  run: (name, parameters) =>
    `«${name}», ${plural(parameters, {
      one: 'un modelo de # parámetro',
      many: 'un modelo de # de parámetros',
      other: 'un modelo de # parámetros',
    })}.`,
  gpu: 'Tu GPU',
  probing: 'Buscando tu GPU…',
  software:
    'Es un adaptador por software: calcula en el procesador. Funciona, pero más despacio que una GPU.',
  text: 'Tu texto',
  corpusChoice: 'Un corpus incluido',
  corpusLabel: 'Corpus',
  corpusHelp: (languages) =>
    plural(languages, {
      one: 'La Declaración Universal de los Derechos Humanos en # idioma:',
      many: 'La Declaración Universal de los Derechos Humanos en # de idiomas:',
      other: 'La Declaración Universal de los Derechos Humanos en # idiomas:',
    }),
  filesChoice: 'Tus propios archivos',
  filesLabel: 'Archivos',
  filesHelp:
    'Texto sin formato o Markdown en UTF-8, UTF-16 o Windows-1252, o JSONL con un campo «text». Solo esta pestaña lee los archivos.',
  textReading: 'Leyendo los archivos…',
  textFirstLines: (size) => `Se pueden usar ${size} de texto. Empieza así:`,
  filesChosen: (count, size) =>
    `${plural(count, { one: '# archivo', many: '# de archivos', other: '# archivos' })}, ${size}`,
  filesLost: (names) => `La página se volvió a cargar. Elige de nuevo estos archivos: ${names}.`,
  filesNeeded: 'Elige al menos un archivo o pega un texto.',
  pastedLabel: 'O pega un texto',
  pastedHelp: 'Solo esta pestaña lo lee. No se guarda.',
  pastedName: 'texto pegado',
  pastedLost: 'La página se volvió a cargar. Pega el texto de nuevo.',
  notAddresses:
    'Eso es una dirección. Esta página no lee otros sitios: abre la dirección, copia el texto y pégalo aquí.',
  dropHere: 'O suelta archivos y carpetas aquí.',
  token: 'Clave de acceso',
  tokenHelp: 'Pide la clave a quien gestiona este relé.',
  tokenNeeded: 'Este relé exige una clave de acceso.',
  power: 'Potencia',
  powerHelp: 'Menos potencia deja más GPU para tus otras tareas.',
  start: 'Iniciar',
  again: 'Iniciar de nuevo',
  pause: 'Pausar',
  resume: 'Reanudar',
  finish: 'Terminar',
  finishHelp:
    'Terminar completa y envía tu ronda actual y luego sale. También puedes cerrar la pestaña: tu ronda queda guardada en este dispositivo y continúa si vuelves antes de que termine.',
  state: {
    checking: 'Preparándose',
    ready: 'Listo',
    starting: 'Iniciando',
    joining: 'Uniéndose al relé',
    compiling: 'Compilando los núcleos',
    syncing: 'Descargando la base',
    training: 'Entrenando',
    sending: 'Enviando tu delta',
    waiting: 'Esperando la próxima ronda',
    retrying: 'Conexión perdida, otro intento',
    paused: 'En pausa',
    following: 'Siguiendo la sesión',
    finishing: 'Terminando esta ronda',
    finished: 'Terminado. Gracias.',
    complete: 'La sesión está completa. Gracias.',
    failed: 'Detenido',
    over: 'La sesión está completa',
    unsupported: 'Este navegador no puede entrenar',
  },
  progress: (round, rounds, step, steps) => `Ronda ${round} de ${rounds}, paso ${step} de ${steps}`,
  lobby: (nodes) =>
    plural(nodes, {
      one: 'Hay # nodo. El entrenamiento empieza cuando quien presenta inicie la sesión.',
      many: 'Hay # de nodos. El entrenamiento empieza cuando quien presenta inicie la sesión.',
      other: 'Hay # nodos. El entrenamiento empieza cuando quien presenta inicie la sesión.',
    }),
  lobbyJoin: (nodes) =>
    plural(nodes, {
      one: 'Hay # nodo. Pulsa Iniciar para unirte: el entrenamiento empieza cuando quien presenta inicie la sesión.',
      many: 'Hay # de nodos. Pulsa Iniciar para unirte: el entrenamiento empieza cuando quien presenta inicie la sesión.',
      other:
        'Hay # nodos. Pulsa Iniciar para unirte: el entrenamiento empieza cuando quien presenta inicie la sesión.',
    }),
  held: 'Quien presenta ha puesto la sesión en pausa y la reanudará.',
  retrying: (attempt, seconds) => `Intento ${attempt}, en ${seconds} s.`,
  retryNow: 'Intentar ahora',
  launch: {
    label: 'Pasos del inicio',
    join: 'Unirse',
    compile: 'Compilar',
    fetch: 'Descargar',
    train: 'Entrenar',
    done: '(hecho)',
  },
  roundEnds: (time) => `Esta ronda acabará hacia: ${time}.`,
  roundCutOff: (time) => `El plazo termina esta ronda antes de tu último paso: ${time}.`,
  runEnds: (time) => `La sesión acabará hacia: ${time}.`,
  tabProgress: (percent, round, rounds) => `${percent} · ronda ${round} de ${rounds}`,
  options: 'Cuánto y hasta cuándo',
  stopAfter: 'Parar tras',
  stopNever: 'El final de la sesión',
  stopRounds: (rounds) => plural(rounds, { one: '# ronda', many: '# de rondas', other: '# rondas' }),
  pauseFor: 'Minutos de pausa',
  minutes: 'min',
  pauseForButton: 'Pausar este tiempo',
  away: {
    heading: 'Cuando no estás',
    hidden: 'La página sigue entrenando cuando está oculta o detrás de otras ventanas.',
    onBattery: 'Pausar con batería',
    onlyIdle: 'Entrenar solo cuando nadie usa el equipo',
    idleDevice: 'Es decir, tras 3 minutos sin tecla ni puntero en este equipo.',
    idlePage:
      'Este navegador no dice nada a la página de tus otros programas. Por eso entrena tras 3 minutos sin tecla ni puntero en esta página.',
    weekly: 'Entrenar solo a horas fijas de la semana',
    weeklyHelp: 'Hora local. Si el fin no es posterior al inicio, es al día siguiente.',
    from: 'De',
    to: 'A',
    dayNeeded: 'No hay ningún día elegido: las horas no cuentan.',
    tone: 'Emitir un tono inaudible al entrenar',
    toneHelp:
      'Chrome frena las pestañas ocultas, pero no la que emite sonido. No oyes nada; la pestaña muestra un altavoz.',
    reasons: {
      person: 'Hiciste una pausa.',
      timed: (time) => `Hiciste una pausa. El entrenamiento se reanuda: ${time}.`,
      weekly: (time) => `Ahora no es una de tus horas fijas. El entrenamiento se reanuda: ${time}.`,
      battery: 'El equipo funciona con batería. El entrenamiento se reanuda cuando se enchufe.',
      device: 'Estás usando este equipo. El entrenamiento se reanuda tras 3 minutos sin tecla ni puntero.',
      page: 'Estás usando esta página. El entrenamiento se reanuda tras 3 minutos sin tecla ni puntero aquí.',
    },
  },
  otherTab: {
    heading: 'Otra pestaña de este navegador está entrenando',
    why: 'Esa pestaña sigue y no se pierde nada. Una pestaña usa toda la GPU, así que esta solo mira.',
    title: 'Su título ahora:',
    show: 'Mostrarme esa pestaña',
    showHelp: 'La pestaña pasa al frente si el navegador lo permite; si no, su título empieza por «Aquí».',
    called: (title) => `Aquí: ${title}`,
  },
  times: (count) => plural(count, { one: '(# vez)', many: '(# de veces)', other: '(# veces)' }),
  tooSlow: (needs, gives) =>
    `Tu dispositivo necesita unos ${needs} min por ronda, y esta sesión da ${gives} min.`,
  tooSlowNext:
    'Pon la potencia al 100 %, cierra otros programas que usen la GPU o contribuye desde un dispositivo más rápido.',
  yours: 'Tu parte',
  tokens: 'Tokens que has aportado',
  share: 'Parte de la sesión',
  rank: 'Puesto entre los nodos presentes',
  rankValue: (rank, nodes) => `${rank} de ${nodes}`,
  roundsCounted: 'Rondas que contaron, en esta pestaña',
  accepted: 'Contribuciones aceptadas',
  counted: 'La última cuenta',
  speed: 'Tokens por segundo',
  corpusTokens: 'Tokens de tu texto',
  pass: 'Una vuelta por tu texto',
  passMinutes: (minutes) => `unos ${minutes} min`,
  passShort: 'menos de 1 min',
  receipts: {
    download: 'Descargar tus recibos',
    help: 'El relé firma un recibo por cada contribución que acepta. El archivo contiene los 256 más recientes de esta sesión y nada de tu texto.',
    check: 'Cualquiera puede comprobar que la sesión contiene tus contribuciones:',
    saved: (name) => `Guardado como ${name}.`,
    none: 'Este navegador aún no tiene ningún recibo de esta sesión.',
  },
  sent: 'Datos enviados',
  sentType: 'Mensaje',
  sentBytes: 'Bytes',
  sentNames: {
    join: 'Unión: tu clave y su firma',
    offer: 'Oferta: hash, recuentos y pérdidas de un delta',
    chunk: 'Fragmento: el delta, codificado',
    heartbeat: 'Latido: «aquí estoy», pasos, pérdida',
    leave: 'Salida: adiós',
  },
  sentTotal: 'Total enviado',
  received: 'Recibido por este nodo (bases, deltas y mensajes)',
  pageItself: 'Esta página en sí (scripts, imágenes, estado), sin el nodo',
  notSent: 'Tu texto no se envió, ni se puede enviar.',
  notSentWhy:
    'El relé solo acepta estos cinco mensajes. Ninguno tiene un campo para texto, y cada uno tiene un tamaño fijo. Tu texto se queda en un worker que solo puede conectarse a este relé.',
  schema: 'Leer cada mensaje',
  audit: 'Comprobar cómo lo fusionó el relé',
  limits: 'Aun así, un delta puede revelar partes de tu texto',
  limitsText:
    'Un delta se calcula a partir de tu texto. Quien lo lee puede decir con bastante seguridad qué bytes aparecen en el texto. En una prueba, una frase repetida una y otra vez se reprodujo palabra por palabra. El relé lee cada delta y, tras la ronda, también lo leen quienes la sesión nombra. En una ronda con pocos nodos, la base siguiente, que es pública, muestra mucho de cada delta. No aportes secretos.',
  notices: 'Avisos',
  refused: (code, round) => `El relé rechazó tu contribución a la ronda ${round} (${code}).`,
  dropped: (round) =>
    `Tu contribución a la ronda ${round} llegó tarde o no se pudo usar. Tu nodo continúa con la ronda siguiente.`,
  leftOut: (round) =>
    `Tu contribución a la ronda ${round} se omitió porque va en contra de las de los demás.`,
  leftOutNext:
    'Nada, si ocurre de vez en cuando: quizá tu texto sea distinto del de los demás. Si ocurre en cada ronda, elige otro texto.',
  fates: {
    included: () => 'entera',
    scaled: (percent) => `al ${percent}`,
    trimmed: (percent) => `al ${percent}: algunos valores son demasiado distintos de los demás`,
    capped: (percent) => `al ${percent}: la sesión limita el peso de un nodo`,
    'left-out': () => 'omitida',
    'too-fast': (percent) => `al ${percent}: este dispositivo nunca fue tan rápido`,
    short: (percent) => `al ${percent}: cambia la base menos de lo que deberían tantos pasos`,
    copy: () => 'no contada: casi igual que una anterior',
    worse: () => 'no contada: sin ella, la base es mejor con el texto de prueba',
    distrusted: (percent) =>
      `al ${percent}: aportaciones anteriores de este dispositivo eran copias o empeoraron la base`,
    unproven: () => 'aún no contada: el relay no ha probado este dispositivo',
  },
  abandoned: (round) =>
    `La ronda ${round} no dio una base y se abre de nuevo: tuvo muy pocas contribuciones, o su base era peor en el texto reservado de lo que la sesión permite.`,
  deviceLost: (round, step) =>
    `La GPU se perdió y se ha vuelto a abrir. La ronda ${round} se reanuda tras el paso ${step}.`,
  storedRound: {
    resumed: (round, step) =>
      `La ronda ${round} continúa tras el paso ${step}, donde este navegador la guardó.`,
    returned: (round, steps) =>
      `La ronda ${round} se cerró mientras esta página no estaba. Lo que ${plural(steps, { one: 'aprendió su paso', many: 'aprendieron sus # pasos', other: 'aprendieron sus # pasos' })} entra en tu próxima contribución.`,
    lost: (code) =>
      `La ronda que guardó este navegador no se puede usar (${code}). Tu nodo la empieza de nuevo.`,
    failed: (round) =>
      `Este navegador no pudo guardar la ronda ${round}. Si la página se cierra ahora, se pierden sus pasos.`,
    failedNext: 'Libera espacio en este dispositivo. Tu nodo lo intenta de nuevo por sí solo.',
  },
  tooShort: (round, lasts, training, upload) =>
    `La ronda ${round} dura ${lasts}. Este dispositivo necesita ${training} para su mínimo de pasos y ${upload} para el envío, así que su contribución puede llegar tarde.`,
  tooShortNext:
    'Un dispositivo cuyo trabajo llega siempre tarde solo sigue la sesión. Más potencia, un dispositivo más rápido o una red más rápida hacen que cuente.',
  part: {
    upper: (layers, of) => `Este dispositivo entrena las capas superiores del modelo (${layers} de ${of}).`,
    time: (lasts, training, upload) =>
      `Una ronda dura ${lasts}. Para el modelo entero, este dispositivo necesita ${training} para su mínimo de pasos y ${upload} para el envío.`,
    late: 'Su trabajo con el modelo entero llegó tarde una y otra vez.',
    memory: 'No tiene memoria suficiente para entrenar el modelo entero.',
    next: 'Nada: sus contribuciones cuentan para esas capas. En cuanto el modelo entero quepa en una ronda, volverá a entrenarlo.',
    memoryNext: 'Nada: sus contribuciones cuentan para esas capas.',
    whole: 'Este dispositivo vuelve a entrenar el modelo entero.',
  },
  follows: {
    syncing: (round) => `La ronda ${round} terminó cuando este dispositivo aún descargaba su base.`,
    training: (round, steps, localSteps) =>
      `La ronda ${round} terminó cuando este dispositivo había hecho ${steps} de ${localSteps} pasos.`,
    sending: (round, steps) =>
      `La ronda ${round} terminó cuando este dispositivo había hecho ${steps} pasos y aún enviaba su delta.`,
    rounds: (rounds) => `Ahora solo sigue la sesión, y vuelve a participar después de ${rounds} rondas.`,
  },
  followsNext:
    'Nada, o más potencia: con más participa enseguida. Un dispositivo o una red más rápida también ayuda.',
  notFinite: (round) =>
    `El entrenamiento en la ronda ${round} dio números no finitos, así que no se envió nada. Continúa desde la base siguiente.`,
  kernelsChanged:
    'La GPU, su controlador o esta página ha cambiado desde que se guardó el estado. El entrenamiento continúa, pero los resultados pueden diferir en sus últimas cifras.',
  kernelsDemoted:
    'Un paso de prueba mostró que tu GPU calcula mal con algunos de sus programas. En este dispositivo los sustituyen otros más lentos, pero correctos.',
  next: 'Qué hacer:',
  fork: {
    heading: 'Este relé firmó dos historias distintas de la sesión',
    what: 'Tu nodo comparó lo que el relé dice ahora con lo que firmó antes, y se detuvo. Ya no envía nada a este relé. Un relé que hace esto puede dar bases distintas a nodos distintos.',
    stepsWithProof: [
      'Descarga la prueba. Solo está en este navegador, y «Olvidarme en este dispositivo» la borra.',
      'Envíala a los demás nodos y a quien gestiona el relé. Contiene hashes y firmas, y nada de tu texto.',
      'Contribuye de nuevo solo cuando hayan encontrado el motivo.',
    ],
    steps: [
      'Descarga los dos archivos. Solo están en este navegador, y «Olvidarme en este dispositivo» los borra.',
      'Avisa a los demás nodos y a quien gestiona el relé. Con estos archivos, «tapestry verify» muestra dónde difiere el diario del relé de lo que firmó.',
      'Contribuye de nuevo solo cuando hayan encontrado el motivo.',
    ],
    download: {
      proof: 'Descargar la prueba',
      checkpoint: 'Descargar el punto de control',
      receipts: 'Descargar los recibos',
    },
    check: 'Cualquiera puede comprobar la prueba sin fiarse de ti:',
    details: 'Qué contradice a qué',
  },
  forget: 'Olvidarme en este dispositivo',
  forgetHelp:
    'Borra la clave, el estado guardado, los pesos, lo que el relé firmó para ti, tus votos sobre textos, tus preferencias y los archivos de la página, que esta página guarda en tu navegador. No guarda nada más.',
  forgotten: 'Todo lo que guardaba esta página está borrado.',
  forgetConfirm: 'Borrar ahora',
  cancel: 'Cancelar',
};
