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
  'audit.no-receipt': {
    message: 'Un fichier ne contient ni reçus ni point de contrôle.',
    next: 'Choisissez les fichiers receipts-….txt et checkpoint-….txt dans le dossier d’un nœud.',
  },
  'page.unforeseen': {
    message: 'Une erreur que la page ne connaît pas s’est produite.',
    next: 'Rechargez la page. Si l’erreur se reproduit, signalez-la.',
  },
  'page.worker': {
    message: 'La partie de la page qui calcule s’est arrêtée.',
    next: 'Rechargez la page.',
  },
  'studio.no-adapter': {
    message: 'Ce modèle a été construit avec tous ses poids et n’a pas d’adaptateur.',
    next: 'Exportez le modèle entier, ou construisez avec un adaptateur.',
  },
  'studio.no-breaches': {
    message: 'La recette n’a aucune règle qui trouve des infractions, ou ses données n’ont aucune invite.',
    next: 'Déposez un fichier de règles, ou une constitution avec des domaines protégés ou des vérifications, et des données avec des invites.',
  },
  'studio.no-dataset': {
    message: 'Un jeu de données de la recette n’est pas ici.',
    next: 'Déposez le fichier sur la page, ou retirez son nom de la recette.',
  },
  'studio.no-file': {
    message: 'La recette nomme un fichier qui n’est pas ici.',
    next: 'Déposez le fichier sur la page, ou retirez son nom de la recette.',
  },
  'studio.no-model': {
    message: 'La base de la recette n’est pas ici.',
    next: 'Déposez une base sur la page, ou choisissez-en une qui est ici.',
  },
  'studio.too-large': {
    message: 'Un fichier est trop grand.',
    next: 'Déposez-en un plus petit : les recettes, les règles et les fiches sont de courts textes.',
  },
  'studio.unknown-file': {
    message: 'Le studio ne sait pas lire un fichier.',
    next: 'Déposez un modèle, des données avec leurs fiches, une recette, une constitution, des règles ou une fonction de récompense.',
  },
};
