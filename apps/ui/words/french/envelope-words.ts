import type { Messages } from '../catalogue.ts';

/** The texts of the messages that a tab sent, opened, and of what can be guessed from a delta, in French. */
export const envelopeWords: Messages['envelope'] = {
  open: 'Ouvrir',
  close: 'Fermer',
  help: (each, size) =>
    `Les octets tels qu’ils ont quitté cet onglet, lus par le même schéma que celui du relais. Les ${each} derniers messages de chaque type peuvent être ouverts, et ${size} de morceaux.`,
  message: 'Message',
  entry: (time, size) => `${time}, ${size}`,
  gone: 'Ce message n’est plus conservé dans cet onglet.',
  field: 'Champ',
  value: 'Valeur',
  bytes: 'Octets',
  header: 'Numéro et longueur du message',
  total: 'Total',
  moreBytes: (size) => `et ${size} de plus`,
  delta: 'Le delta que portent les morceaux',
  opening: 'Lecture du delta et attaque en cours…',
  noDelta: {
    dropped: 'Une partie de ce delta n’est pas encore envoyée, ou n’est plus conservée dans cet onglet.',
    'no-run': 'Ce delta appartient à une session précédente.',
  },
  carried: (round, size) => `Le delta du tour ${round}, ${size}.`,
  asOffered: 'Son SHA-256 est celui que nomme l’offre.',
  notAsOffered: 'Son SHA-256 n’est pas celui que nomme l’offre.',
  picture: 'Ce que le delta change, tenseur par tenseur',
  pictureHelp:
    'Plus la couleur est forte, plus le changement est grand ; les cases sans couleur sont nulles.',
  tensor: 'Tenseur',
  changed: 'Valeurs non nulles',
  norm: 'Norme',
  whole: 'Tous les tenseurs',
  guesses: 'Ce que l’on pourrait en deviner',
  guessesHelp:
    'Des attaques connues, menées dans cet onglet contre votre propre delta. Quiconque lit le delta peut les mener aussi. Les résultats et votre texte restent ici.',
  tokens: 'Quels tokens se trouvent dans votre texte',
  named: 'Tokens que l’attaque nomme',
  precision: 'Dont dans votre texte (précision)',
  recall: 'De vos tokens nommés (rappel)',
  blind: 'Précision au hasard',
  separation: 'Vos tokens sont classés avant d’autres dans',
  separationHelp: 'Le dernier nombre serait de 50 % si le delta ne disait rien des tokens.',
  surest: 'Les plus sûrs :',
  right: '(juste)',
  wrong: '(faux)',
  frequencies: 'Combien de fois votre texte les contient',
  frequenciesAre: (correlation) =>
    `L’ordre deviné de vos tokens s’accorde avec l’ordre vrai à ${correlation}. 1 est le même ordre, 0 aucun accord.`,
  frequenciesNone: 'Le delta ne révèle aucun ordre.',
  text: 'Ce que dit votre texte, mot pour mot',
  textMany: (tokens, width) =>
    `Pas essayé dans cet onglet. Une attaque publiée, DAGER (2024), restitue des textes entiers quand un delta a moins de tokens que la largeur du modèle. Ce delta a ${tokens} tokens, et le modèle une largeur de ${width} : telle quelle, l’attaque échoue ici.`,
  textFew: (tokens, width) =>
    `Pas essayé dans cet onglet. Une attaque publiée, DAGER (2024), restitue des textes entiers quand un delta a moins de tokens que la largeur du modèle. Ce delta n’a que ${tokens} tokens, et le modèle une largeur de ${width} : une telle attaque pourrait restituer votre texte.`,
  textCaveat:
    'Cela ne prouve aucune sûreté. Les attaques progressent, un lecteur peut réunir les deltas de nombreux tours, et un texte qui se répète est appris par cœur : lors d’un essai, une phrase répétée sans cesse a été restituée mot pour mot.',
};
