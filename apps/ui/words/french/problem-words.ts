import type { ProblemWords } from '../catalogue.ts';

/** What problems mean and what to do about them, by their codes, in French. */
export const problemWords: ProblemWords = {
  'adapter.missing': {
    message: 'Le navigateur n’a trouvé aucun GPU utilisable.',
    next: 'Mettez à jour le pilote graphique et relancez le navigateur.',
  },
  'corpus.none': {
    message: 'Les fichiers ne contiennent aucun texte utilisable.',
    next: 'Choisissez au moins un fichier texte ou JSONL de quelques paragraphes.',
  },
  'corpus.not-text': {
    message: 'Un fichier n’est pas du texte.',
    next: 'Exportez-le en texte brut et choisissez ce dernier.',
  },
  'corpus.too-short': {
    message: 'Le texte est trop court pour cette session.',
    next: 'Ajoutez du texte ou choisissez-en un plus long.',
  },
  'device.lost': {
    message: 'Le GPU a été perdu.',
    next: 'Rechargez la page. Fermez les autres programmes qui utilisent le GPU.',
  },
  'relay.already-connected': {
    message: 'Le même nœud a rejoint depuis un autre endroit.',
    next: 'Ne le laissez tourner que dans un seul onglet.',
  },
  'relay.bad-token': {
    message: 'Le jeton d’accès n’est pas le bon.',
    next: 'Demandez le bon à la personne qui gère le relais.',
  },
  'relay.cut-off': { message: 'La connexion au relais a été coupée.', next: 'Réessayez.' },
  'relay.fault': {
    message: 'Une erreur s’est produite dans le relais.',
    next: 'Réessayez plus tard. Si l’erreur persiste, dites-le à qui gère le relais.',
  },
  'relay.removed': {
    message: 'L’animation a retiré ce nœud de la session.',
    next: 'Demandez-en la raison à l’animation.',
  },
  'relay.too-many': {
    message: 'Le relais n’accepte pas d’autres nœuds pour l’instant.',
    next: 'Réessayez plus tard, ou demandez à la personne qui gère le relais.',
  },
  'relay.unreachable': {
    message: 'Le relais ne répond pas.',
    next: 'Vérifiez votre réseau et que le relais tourne.',
  },
  'relay.wrong-protocol': {
    message: 'Cette page et le relais parlent des versions différentes du protocole.',
    next: 'Rechargez la page.',
  },
  'relay.wrong-run': {
    message: 'Ce relais mène maintenant une autre session.',
    next: 'Rechargez la page pour la rejoindre.',
  },
};
