import type { ProblemWords } from '../../problems.ts';

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
  'evaluate.no-token': {
    message: 'Seuls les membres peuvent lire les contributions de cette session.',
    next: 'Saisissez le jeton d’entrée.',
  },
  'evaluate.not-granted': {
    message: 'La session ne désigne pas la clé de ce navigateur comme évaluateur.',
    next: 'Donnez la clé à la personne qui gère le relais. Elle lance une session avec elle.',
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
  adapter: {
    message: 'L’adaptateur ne convient pas à ce modèle, ou le GPU calcule mal.',
    next: 'Le message anglais dit ce qui ne va pas. Prenez un autre adaptateur ou un autre GPU.',
  },
  build: {
    message: 'Cette construction ne peut pas continuer ainsi.',
    next: 'Recommencez-la, ou changez ce que nomme le message anglais.',
  },
  card: {
    message: 'Une fiche de données n’est pas valable, ou ne permet pas cet usage.',
    next: 'Corrigez la fiche, ou retirez les données de la recette.',
  },
  chat: {
    message: 'Le modèle de conversation ne convient pas à ce modèle ou à ce texte.',
    next: 'Choisissez un autre format, ou un texte plus court.',
  },
  constitution: {
    message: 'La constitution ou ses votes ne sont pas utilisables ainsi.',
    next: 'Corrigez le fichier à l’endroit que nomme le message anglais, et déposez-le de nouveau.',
  },
  corpus: {
    message: 'Une partie de votre texte n’est pas utilisable ainsi.',
    next: 'Corrigez le fichier que nomme le message anglais, ou choisissez-en d’autres.',
  },
  dataset: {
    message: 'Un jeu de données n’est pas utilisable ainsi.',
    next: 'Corrigez la ligne ou la colonne que nomme le message anglais, et déposez le fichier de nouveau.',
  },
  device: {
    message: 'Le GPU ne suffit pas à ce modèle, ou son pilote est défectueux.',
    next: 'Mettez le pilote à jour, fermez d’autres programmes, ou prenez un autre appareil.',
  },
  disk: {
    message: 'Le navigateur ne peut pas enregistrer assez de données.',
    next: 'Libérez de la place, et rechargez la page.',
  },
  host: {
    message: 'Le navigateur ne le permet pas, ou un autre onglet s’en sert.',
    next: 'Fermez les autres onglets de cette page, et acceptez ce que demande le navigateur.',
  },
  identity: {
    message: 'La clé de cet appareil est illisible.',
    next: 'Rechargez la page. Si l’erreur persiste, faites-vous oublier sur cet appareil.',
  },
  lineage: {
    message: 'L’origine de ce modèle n’est pas celle que dit son fichier.',
    next: 'Reprenez le modèle à sa source.',
  },
  model: {
    message: 'Les fichiers du modèle sont endommagés, incomplets, ou d’un genre qui ne se lit pas ici.',
    next: 'Téléchargez le modèle de nouveau, ou prenez-en un d’architecture LLaMA.',
  },
  program: {
    message: 'L’état enregistré et le programme ne vont pas ensemble.',
    next: 'Rechargez la page, et recommencez. Si l’erreur revient, signalez-la.',
  },
  protected: {
    message: 'Les domaines protégés ne sont pas utilisables ainsi.',
    next: 'Corrigez la règle que nomme le message anglais.',
  },
  recipe: {
    message: 'La recette ne convient pas à ses données ou à son modèle.',
    next: 'Changez dans la recette ce que nomme le message anglais.',
  },
  relay: {
    message: 'Le relais ne répond pas comme il le doit.',
    next: 'Rechargez la page. Si l’erreur persiste, dites-le à la personne qui gère le relais.',
  },
  run: {
    message: 'La session ne peut pas être lue ainsi.',
    next: 'Choisissez le dossier entier de la session, ou recommencez.',
  },
  text: {
    message: 'Rien ne peut être écrit à partir de ces réglages.',
    next: 'Changez le début du texte ou les réglages.',
  },
  training: {
    message: 'L’entraînement a donné des valeurs qui ne sont plus des nombres.',
    next: 'Prenez un taux d’apprentissage plus petit. Un nœud qui contribue recommence de lui-même.',
  },
};
