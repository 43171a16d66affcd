import type { ProblemWords } from '../../problems.ts';

/** What problems mean and what to do about them, by their codes, in Spanish. */
export const problemWords: ProblemWords = {
  'adapter.missing': {
    message: 'El navegador no encontró ninguna GPU que pueda usar.',
    next: 'Actualiza el controlador gráfico y reinicia el navegador.',
  },
  'corpus.none': {
    message: 'Los archivos no tienen texto que se pueda usar.',
    next: 'Elige al menos un archivo de texto o JSONL con algunos párrafos.',
  },
  'corpus.not-text': {
    message: 'Un archivo no es texto.',
    next: 'Expórtalo como texto sin formato y elige ese.',
  },
  'corpus.too-short': {
    message: 'El texto es demasiado corto para esta sesión.',
    next: 'Añade texto o elige uno más largo.',
  },
  'device.lost': {
    message: 'La GPU se perdió.',
    next: 'Vuelve a cargar la página. Cierra otros programas que usen la GPU.',
  },
  'relay.already-connected': {
    message: 'El mismo nodo se unió desde otro lugar.',
    next: 'Déjalo funcionar en una sola pestaña.',
  },
  'relay.bad-token': {
    message: 'La clave de acceso no es correcta.',
    next: 'Pide la correcta a quien gestiona el relé.',
  },
  'relay.cut-off': { message: 'Se cortó la conexión con el relé.', next: 'Inténtalo de nuevo.' },
  'relay.fault': {
    message: 'Hubo un error en el relé.',
    next: 'Inténtalo más tarde. Si el error continúa, avisa a quien gestiona el relé.',
  },
  'relay.removed': { message: 'Quien presenta quitó este nodo de la sesión.', next: 'Pregúntale el motivo.' },
  'relay.too-many': {
    message: 'El relé no acepta más nodos por ahora.',
    next: 'Inténtalo más tarde, o pregunta a quien gestiona el relé.',
  },
  'relay.unreachable': {
    message: 'El relé no responde.',
    next: 'Comprueba tu red y que el relé esté en marcha.',
  },
  'relay.wrong-protocol': {
    message: 'Esta página y el relé hablan versiones distintas del protocolo.',
    next: 'Vuelve a cargar la página.',
  },
  'relay.wrong-run': {
    message: 'Este relé lleva ahora otra sesión.',
    next: 'Vuelve a cargar la página para unirte a ella.',
  },
  'audit.no-receipt': {
    message: 'Un archivo no contiene recibos ni un punto de control.',
    next: 'Elige los archivos receipts-….txt y checkpoint-….txt de la carpeta de un nodo.',
  },
  'evaluate.no-token': {
    message: 'Solo los miembros pueden leer las contribuciones de esta sesión.',
    next: 'Escribe el token de entrada.',
  },
  'evaluate.not-granted': {
    message: 'La sesión no nombra la clave de este navegador como evaluador.',
    next: 'Da la clave a quien lleva el relé, para que inicie una sesión con ella.',
  },
  'page.unforeseen': {
    message: 'Ocurrió un error que la página no conoce.',
    next: 'Vuelve a cargar la página. Si el error se repite, comunícalo.',
  },
  'page.worker': {
    message: 'La parte de la página que calcula dejó de funcionar.',
    next: 'Vuelve a cargar la página.',
  },
  'studio.no-adapter': {
    message: 'Este modelo se construyó con todos los pesos y no tiene adaptador.',
    next: 'Exporta el modelo entero, o construye con un adaptador.',
  },
  'studio.no-breaches': {
    message:
      'La receta no tiene ninguna regla que encuentre infracciones, o sus datos no tienen ningún prompt.',
    next: 'Suelta un archivo de reglas, o una constitución con dominios protegidos o comprobaciones, y datos con prompts.',
  },
  'studio.no-dataset': {
    message: 'Un conjunto de datos de la receta no está aquí.',
    next: 'Suelta el archivo en la página, o quita su nombre de la receta.',
  },
  'studio.no-file': {
    message: 'La receta nombra un archivo que no está aquí.',
    next: 'Suelta el archivo en la página, o quita su nombre de la receta.',
  },
  'studio.no-model': {
    message: 'La base de la receta no está aquí.',
    next: 'Suelta una base en la página, o elige una que esté aquí.',
  },
  'studio.too-large': {
    message: 'Un archivo es demasiado grande.',
    next: 'Suelta uno más pequeño: las recetas, las reglas y las fichas son textos cortos.',
  },
  'studio.unknown-file': {
    message: 'El estudio no sabe leer un archivo.',
    next: 'Suelta un modelo, datos con sus fichas, una receta, una constitución, reglas o una función de recompensa.',
  },
  adapter: {
    message: 'El adaptador no encaja con este modelo, o la GPU calcula mal.',
    next: 'El mensaje en inglés dice qué no encaja. Usa otro adaptador u otra GPU.',
  },
  build: {
    message: 'Esta construcción no puede seguir así.',
    next: 'Empiézala de nuevo, o cambia lo que nombra el mensaje en inglés.',
  },
  card: {
    message: 'Una ficha de datos no es válida, o no permite este uso.',
    next: 'Corrige la ficha, o quita los datos de la receta.',
  },
  chat: {
    message: 'La plantilla de conversación no encaja con este modelo o con este texto.',
    next: 'Elige otro formato, o un texto más corto.',
  },
  constitution: {
    message: 'La constitución o sus votos no se pueden usar así.',
    next: 'Corrige el archivo donde dice el mensaje en inglés, y suéltalo de nuevo.',
  },
  corpus: {
    message: 'Una parte de tu texto no se puede usar así.',
    next: 'Corrige el archivo que nombra el mensaje en inglés, o elige otros.',
  },
  dataset: {
    message: 'Un conjunto de datos no se puede usar así.',
    next: 'Corrige la fila o la columna que nombra el mensaje en inglés, y suelta el archivo de nuevo.',
  },
  device: {
    message: 'La GPU no basta para este modelo, o su controlador falla.',
    next: 'Actualiza el controlador, cierra otros programas, o usa otro dispositivo.',
  },
  disk: {
    message: 'El navegador no puede guardar lo suficiente.',
    next: 'Libera espacio y recarga la página.',
  },
  host: {
    message: 'El navegador no lo permite, o lo está usando otra pestaña.',
    next: 'Cierra las otras pestañas de esta página y permite lo que pide el navegador.',
  },
  identity: {
    message: 'No se puede leer la clave de este dispositivo.',
    next: 'Recarga la página. Si el error continúa, haz que este dispositivo te olvide.',
  },
  lineage: {
    message: 'El origen de este modelo no es el que dice su archivo.',
    next: 'Toma el modelo otra vez de su fuente.',
  },
  model: {
    message: 'Los archivos del modelo están dañados, incompletos o son de un tipo que aquí no se lee.',
    next: 'Descarga el modelo de nuevo, o usa uno de la arquitectura LLaMA.',
  },
  program: {
    message: 'El estado guardado y el programa no concuerdan.',
    next: 'Recarga la página y empieza de nuevo. Si el error vuelve, avisa de él.',
  },
  protected: {
    message: 'Los ámbitos protegidos no se pueden usar así.',
    next: 'Corrige la regla que nombra el mensaje en inglés.',
  },
  recipe: {
    message: 'La receta no encaja con sus datos o con su modelo.',
    next: 'Cambia en la receta lo que nombra el mensaje en inglés.',
  },
  relay: {
    message: 'El relé no responde como debe.',
    next: 'Recarga la página. Si el error continúa, avisa a quien gestiona el relé.',
  },
  run: {
    message: 'La sesión no se puede leer así.',
    next: 'Elige la carpeta entera de la sesión, o empieza de nuevo.',
  },
  text: {
    message: 'Con estos ajustes no se puede escribir ningún texto.',
    next: 'Cambia el comienzo o los ajustes.',
  },
  training: {
    message: 'El entrenamiento dio valores que ya no son números.',
    next: 'Usa una tasa de aprendizaje menor. Un nodo que contribuye empieza de nuevo por sí solo.',
  },
};
