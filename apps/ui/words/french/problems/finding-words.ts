import type { FindingWords } from '../../problems.ts';

/** What the verifier finds, by its codes, in French. */
export const findingWords: FindingWords = {
  'entry.form': (entry) => `L’entrée ${entry} du journal n’a pas la forme de son genre.`,
  'entry.chain': (entry) => `L’entrée ${entry} du journal a été modifiée, ou ne suit pas la précédente.`,
  'entry.rule': (entry) => `L’entrée ${entry} du journal enfreint une règle de la session.`,
  'entry.signature': (entry) =>
    `Une signature de l’entrée ${entry} du journal n’est pas de qui elle devrait être.`,
  'entry.derived': (entry) =>
    `L’entrée ${entry} du journal dit autre chose que ce que donnent les contributions.`,
  'entry.payload': (entry) =>
    `Ce qui a été envoyé pour l’entrée ${entry} du journal n’est pas un delta de cette session.`,
  'entry.expected': (entry) =>
    `L’entrée ${entry} du journal nomme une autre session ou un autre relais qu’attendu.`,
  'journal.empty': () => 'Le journal n’a aucune entrée.',
  'journal.cut-off': (entries, least) =>
    `La fin du journal a été coupée : il n’a que les entrées jusqu’à ${entries}, et une entrée ultérieure (${least}) était déjà connue.`,
  'journal.rounds-missing': (rounds) =>
    `Le journal s’arrête après le tour ${rounds}, et un tour ultérieur était déjà validé.`,
  'journal.forked': (entry) => `Le relais a montré deux journaux : ils diffèrent jusqu’à l’entrée ${entry}.`,
  'journal.damaged': () => 'Le fichier du journal est endommagé.',
  'blob.missing': () => 'Un fichier de la session manque.',
  'blob.changed': () =>
    'Un fichier de la session a été modifié : ses octets n’ont pas le hachage qui le nomme.',
  'blob.withheld': () => 'Le relais retient un fichier alors que son tour est terminé.',
  'blob.not-finite': () => 'Un fichier de la session contient des valeurs qui ne sont pas des nombres.',
  'upload.changed': () => 'Une partie d’un envoi commencé a été modifiée.',
  'file.misplaced': () => 'Le dossier contient un fichier qui n’y a pas sa place.',
  'key.other': () => 'La clé du dossier n’est pas celle que nomme le manifeste.',
  'evidence.unsigned': () =>
    'Un reçu ou un point de contrôle conservé n’est pas signé par le relais de cette session.',
  more: (count) => `Autres problèmes non nommés ici : ${count}.`,
};
