import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

const contributionsOf = (count: number) =>
  plural(count, { one: '# contribution', many: '# de contributions', other: '# contributions' });
const entriesOf = (count: number) =>
  plural(count, {
    one: '# entrée du journal',
    many: '# d’entrées du journal',
    other: '# entrées du journal',
  });

/** Every text of the audit page, in French. */
export const auditWords: Messages['audit'] = {
  description: 'Dérive de nouveau chaque base d’une session de Tapestry dans ce navigateur.',
  title: 'Vérification – Tapestry',
  heading: 'Vérifiez vous-même cette session',
  what: 'Ce navigateur lit le journal de la session et chaque contribution, et redérive chaque base depuis la première. Chacune doit concorder bit à bit.',
  token: 'Jeton d’accès',
  tokenHelp: 'Seulement si la session ne montre ses contributions qu’aux membres.',
  start: 'Lancer la vérification',
  again: 'Vérifier à nouveau',
  stop: 'Arrêter',
  reading: 'Lecture du journal…',
  derived: (round, rounds) => `Tour ${round} sur ${rounds} redérivé`,
  progress: 'Avancement de la vérification',
  intact: 'Intact : rien n’a été modifié',
  changed: (problems) =>
    plural(problems, {
      one: '# problème trouvé',
      many: '# de problèmes trouvés',
      other: '# problèmes trouvés',
    }),
  summary: (rounds, contributions, entries, time) =>
    [
      plural(rounds, {
        one: '# base redérivée bit à bit',
        many: '# de bases redérivées bit à bit',
        other: '# bases redérivées bit à bit',
      }),
      `, à partir de ${contributionsOf(contributions)} et de ${entriesOf(entries)}, en ${time}.`,
    ].join(''),
  partly: (rounds, contributions, entries, time) =>
    `Bases redérivées : ${rounds}. Lu : ${contributionsOf(contributions)} et ${entriesOf(entries)}, en ${time}.`,
  older: (last) =>
    `Les contributions des tours 1 à ${last} ne sont plus conservées, comme le dit le manifeste de la session : la première base dérivée est celle du tour ${last + 1}.`,
  unsigned: (entries) =>
    plural(entries, {
      one: 'La signature du relais ne couvre pas encore la dernière entrée du journal.',
      many: 'La signature du relais ne couvre pas encore les # dernières entrées du journal.',
      other: 'La signature du relais ne couvre pas encore les # dernières entrées du journal.',
    }),
  run: 'Session',
  relayKey: 'Clé du relais',
  base: 'Dernière base dérivée',
  compare:
    'Comparez la session et la clé à celles qu’on vous a données. Cette page vient du relais qu’elle vérifie : pour ne vous fier ni à l’un ni à l’autre, exécutez ceci sur un appareil à vous :',
  nextWord: 'Que faire :',
  next: {
    'relay.closed-to-readers': 'Saisissez le jeton d’accès de la session, et relancez la vérification.',
    'relay.blob-too-large':
      'Vérifiez cette session avec `tapestry verify`, qui lit des modèles plus grands qu’un onglet.',
    'relay.unreachable': 'Vérifiez que le relais tourne, et relancez la vérification.',
    'relay.cut-off': 'Relancez la vérification.',
    'relay.fault': 'Relancez la vérification plus tard. Si l’erreur persiste, dites-le à qui gère le relais.',
    'run.missing': 'Choisissez le dossier qui contient journal.sqlite et blobs.',
    'run.unreadable': 'Choisissez à nouveau le dossier. Il ne doit pas changer pendant sa lecture.',
    'run.moved-on': 'Relancez la vérification. Elle commencera à un tour ultérieur.',
  },
  flip: 'Inverser un bit de ce delta et vérifier à nouveau',
  flipped: (round, node) =>
    `Ce navigateur a inversé un bit du delta du tour ${round}, nœud ${node}, pour montrer que la vérification le trouve. La session elle-même n’a pas changé.`,
  receipts: 'Vos reçus',
  receiptsHelp:
    'Votre part a-t-elle été fusionnée ? Choisissez receipts-….txt et checkpoint-….txt dans le dossier de votre nœud. Les fichiers restent dans ce navigateur.',
  folder: 'Le dossier d’une session',
  folderHelp:
    'Vérifiez, au lieu du relais, son dossier de données ou une copie : choisissez-le, ou déposez-le sur cette page. Il reste dans ce navigateur et n’a besoin d’aucun réseau. Si le relais tourne, copiez d’abord son dossier.',
  chooseFolder: 'Choisir un dossier',
  folderGiven: (name) => `Vérification du dossier ${name}`,
  relayInstead: 'Vérifier à nouveau le relais',
  dropHere: 'Déposez le dossier d’une session',
  dropHelp: 'Il est vérifié ici, et rien ne quitte ce navigateur.',
  reportHelp:
    'Le rapport dit ce qui a été vérifié et trouvé, et il est signé par une clé qui reste dans ce navigateur. D’autres le contrôlent avec :',
  saveReport: 'Enregistrer le rapport signé',
  saveText: 'L’enregistrer en texte',
  receiptsHeading: (count) =>
    plural(count, { one: 'Votre reçu', many: 'Vos # de reçus', other: 'Vos # reçus' }),
  receipt: (sequence, round) => (round === null ? `Entrée ${sequence}` : `Entrée ${sequence}, tour ${round}`),
  receiptRefuted: 'Le journal ne contient pas la contribution de ce reçu : voyez les problèmes ci-dessus.',
  grid: 'Contributions',
  gridHelp:
    'Les lignes sont des nœuds, les colonnes des tours. Les flèches déplacent ; choisissez une contribution pour voir chaque étape de son contrôle.',
  gridEmpty: 'Les contributions apparaissent ici à mesure que leurs tours sont dérivés.',
  node: 'Nœud',
  earlier: 'Tours précédents',
  later: 'Tours suivants',
  roundsShown: (from, to, all) => `Tours ${from} à ${to} sur ${all}`,
  moreNodes: (count) =>
    plural(count, {
      one: 'Afficher # nœud de plus',
      many: 'Afficher # de nœuds de plus',
      other: 'Afficher # nœuds de plus',
    }),
  states: {
    derived: 'partie d’une base redérivée',
    'left-out': 'non comptée, comme dérivé',
    changed: 'modifiée',
    'not-merged': 'non fusionnée',
    'not-kept': 'plus conservée',
    waiting: 'pas encore contrôlée',
    unreached: 'non contrôlée : un problème est survenu avant',
  },
  cell: (round, node, state) => `Tour ${round}, nœud ${node} : ${state}`,
  roundChanged: (round) => `Tour ${round} : un problème a été trouvé ici`,
  chosen: (round, node) => `Tour ${round}, nœud ${node}`,
  attempt: (index, all) => `Contribution ${index} sur ${all} : le tour a été rouvert.`,
  facts: (tokens, steps, bytes) =>
    [
      plural(tokens, { one: '# token', many: '# de tokens', other: '# tokens' }),
      plural(steps, { one: ' en # pas', many: ' en # de pas', other: ' en # pas' }),
      `, ${bytes}`,
    ].join(''),
  steps: {
    entry: (sequence) => `L’entrée ${sequence} du journal est chaînée à la précédente`,
    signature: 'Le nœud a signé son offre',
    payload: 'Le delta a l’empreinte que le nœud a signée',
    delta: 'Le delta est sur la grille de la session et dans sa norme',
    base: 'Fusionné avec les autres deltas du tour, il donne la base du journal',
    'base-without': 'La règle de fusion l’écarte, et les autres donnent la base du journal',
    checkpoint: 'Le relais a signé le journal avant la validation de ce tour',
  },
  results: {
    held: 'Vrai',
    changed: 'Faux',
    waiting: 'Pas encore',
    unreached: 'Non atteint',
    'not-kept': 'Plus conservé',
    'not-merged': 'Non fusionné',
  },
};
