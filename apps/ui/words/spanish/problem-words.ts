import type { ProblemWords } from '../catalogue.ts';

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
};
