import type { FindingWords } from '../../problems.ts';

/** What the verifier finds, by its codes, in Spanish. */
export const findingWords: FindingWords = {
  'entry.form': (entry) => `La entrada ${entry} del diario no tiene la forma de su tipo.`,
  'entry.chain': (entry) => `La entrada ${entry} del diario fue modificada, o no sigue a la anterior.`,
  'entry.rule': (entry) => `La entrada ${entry} del diario incumple una regla de la sesión.`,
  'entry.signature': (entry) => `Una firma de la entrada ${entry} del diario no es de quien debe ser.`,
  'entry.derived': (entry) =>
    `La entrada ${entry} del diario dice otra cosa que lo que dan las contribuciones.`,
  'entry.payload': (entry) =>
    `Lo que se envió para la entrada ${entry} del diario no es un delta de esta sesión.`,
  'entry.expected': (entry) =>
    `La entrada ${entry} del diario nombra otra sesión u otro relé que los esperados.`,
  'journal.empty': () => 'El diario no tiene ninguna entrada.',
  'journal.cut-off': (entries, least) =>
    `Se cortó el final del diario: solo tiene las entradas hasta ${entries}, y ya se conocía una posterior (${least}).`,
  'journal.rounds-missing': (rounds) =>
    `El diario termina tras la ronda ${rounds}, y una posterior ya estaba confirmada.`,
  'journal.forked': (entry) => `El relé mostró dos diarios: difieren hasta la entrada ${entry}.`,
  'journal.damaged': () => 'El archivo del diario está dañado.',
  'blob.missing': () => 'Falta un archivo de la sesión.',
  'blob.changed': () =>
    'Un archivo de la sesión fue modificado: sus bytes no tienen el hash que le da nombre.',
  'blob.withheld': () => 'El relé retiene un archivo aunque su ronda terminó.',
  'blob.not-finite': () => 'Un archivo de la sesión contiene valores que no son números.',
  'upload.changed': () => 'Una parte de un envío empezado fue modificada.',
  'file.misplaced': () => 'En la carpeta hay un archivo que no pertenece a ella.',
  'key.other': () => 'La clave de la carpeta no es la que nombra el manifiesto.',
  'evidence.unsigned': () =>
    'Un recibo o un punto de control guardado no está firmado por el relé de esta sesión.',
  more: (count) => `Otros problemas que no se nombran aquí: ${count}.`,
};
