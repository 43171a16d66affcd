import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the page that contributes to a run, in French. */
export const contributeWords: Messages['contribute'] = {
  description: 'Entraînez un modèle de langue commun sur un texte qui reste sur votre appareil.',
  title: 'Contribuer – Tapestry',
  heading: 'Aidez à entraîner un modèle de langue. Votre texte reste ici.',
  what: 'Votre GPU entraîne un modèle commun sur un texte de votre choix. Seuls des changements aux nombres du modèle sont envoyés, puis fusionnés avec ceux des autres nœuds.',
  newTab: '(ouvre un nouvel onglet)',
  dashboard: 'Tableau de bord',
  run: (name, parameters) =>
    `« ${name} », ${plural(parameters, {
      one: 'un modèle de # paramètre',
      many: 'un modèle de # de paramètres',
      other: 'un modèle de # paramètres',
    })}.`,
  gpu: 'Votre GPU',
  probing: 'Recherche de votre GPU…',
  software:
    'C’est un adaptateur logiciel : il calcule sur le processeur. Cela marche, mais plus lentement qu’un GPU.',
  text: 'Votre texte',
  corpusChoice: 'Un corpus fourni',
  corpusLabel: 'Corpus',
  corpusHelp: (languages) =>
    plural(languages, {
      one: 'La Déclaration universelle des droits de l’homme en # langue :',
      many: 'La Déclaration universelle des droits de l’homme en # de langues :',
      other: 'La Déclaration universelle des droits de l’homme en # langues :',
    }),
  filesChoice: 'Vos propres fichiers',
  filesLabel: 'Fichiers',
  filesHelp:
    'Texte brut ou Markdown en UTF-8, UTF-16 ou Windows-1252, ou JSONL avec un champ « text ». Seul cet onglet lit les fichiers.',
  textReading: 'Lecture des fichiers…',
  textFirstLines: (size) => `${size} de texte sont utilisables. Il commence ainsi :`,
  filesChosen: (count, size) =>
    `${plural(count, { one: '# fichier', many: '# de fichiers', other: '# fichiers' })}, ${size}`,
  filesLost: (names) => `La page a été rechargée. Choisissez à nouveau ces fichiers : ${names}.`,
  filesNeeded: 'Choisissez au moins un fichier ou collez un texte.',
  pastedLabel: 'Ou collez un texte',
  pastedHelp: 'Seul cet onglet le lit. Il n’est pas gardé.',
  pastedName: 'texte collé',
  pastedLost: 'La page a été rechargée. Collez le texte à nouveau.',
  notAddresses:
    'C’est une adresse. Cette page ne lit pas d’autres sites : ouvrez l’adresse, copiez le texte et collez-le ici.',
  dropHere: 'Ou déposez des fichiers et des dossiers ici.',
  token: 'Jeton d’accès',
  tokenHelp: 'Demandez le jeton à la personne qui gère ce relais.',
  tokenNeeded: 'Ce relais demande un jeton d’accès.',
  power: 'Puissance',
  powerHelp: 'Moins de puissance laisse plus de GPU à vos autres travaux.',
  start: 'Démarrer',
  again: 'Redémarrer',
  pause: 'Pause',
  resume: 'Reprendre',
  finish: 'Terminer',
  finishHelp:
    'Terminer achève et envoie votre tour en cours, puis quitte la session. Vous pouvez aussi fermer l’onglet : votre tour est conservé sur cet appareil et reprend si vous revenez avant sa fin.',
  state: {
    checking: 'Se prépare',
    ready: 'Prêt',
    starting: 'Démarre',
    joining: 'Rejoint le relais',
    compiling: 'Compile les noyaux',
    syncing: 'Télécharge la base',
    training: 'Entraîne',
    sending: 'Envoie votre delta',
    waiting: 'Attend le tour suivant',
    retrying: 'Connexion perdue, nouvel essai',
    paused: 'En pause',
    following: 'Suit la session',
    finishing: 'Achève ce tour',
    finished: 'Terminé. Merci.',
    complete: 'La session est terminée. Merci.',
    failed: 'Arrêté',
    over: 'La session est terminée',
    unsupported: 'Ce navigateur ne peut pas entraîner',
  },
  progress: (round, rounds, step, steps) => `Tour ${round} sur ${rounds}, pas ${step} sur ${steps}`,
  lobby: (nodes) =>
    plural(nodes, {
      one: '# nœud est là. L’entraînement commence quand l’animation lance la session.',
      many: '# de nœuds sont là. L’entraînement commence quand l’animation lance la session.',
      other: '# nœuds sont là. L’entraînement commence quand l’animation lance la session.',
    }),
  lobbyJoin: (nodes) =>
    plural(nodes, {
      one: '# nœud est là. Appuyez sur Démarrer pour en être : l’entraînement commence quand l’animation lance la session.',
      many: '# de nœuds sont là. Appuyez sur Démarrer pour en être : l’entraînement commence quand l’animation lance la session.',
      other:
        '# nœuds sont là. Appuyez sur Démarrer pour en être : l’entraînement commence quand l’animation lance la session.',
    }),
  held: 'L’animation a mis la session en pause, et la reprendra.',
  retrying: (attempt, seconds) => `Essai ${attempt}, dans ${seconds} s.`,
  retryNow: 'Essayer maintenant',
  launch: {
    label: 'Étapes du démarrage',
    join: 'Rejoindre',
    compile: 'Compiler',
    fetch: 'Télécharger',
    train: 'Entraîner',
    done: '(fait)',
  },
  roundEnds: (time) => `Ce tour sera fini vers ${time}.`,
  roundCutOff: (time) => `Le délai termine ce tour à ${time}, avant votre dernier pas.`,
  runEnds: (time) => `La session sera finie vers ${time}.`,
  tabProgress: (percent, round, rounds) => `${percent} · tour ${round} sur ${rounds}`,
  options: 'Combien, jusqu’à quand',
  stopAfter: 'Arrêter après',
  stopNever: 'La fin de la session',
  stopRounds: (rounds) => plural(rounds, { one: '# tour', many: '# de tours', other: '# tours' }),
  pauseFor: 'Minutes de pause',
  minutes: 'min',
  pauseForButton: 'Mettre en pause ce temps',
  away: {
    heading: 'Quand vous êtes absent',
    hidden: 'La page continue l’entraînement quand elle est cachée ou derrière d’autres fenêtres.',
    onBattery: 'Mettre en pause sur batterie',
    onlyIdle: 'Entraîner seulement quand personne n’utilise l’appareil',
    idleDevice: 'C’est après 3 minutes sans touche ni pointeur sur cet appareil.',
    idlePage:
      'Ce navigateur ne dit rien à la page de vos autres programmes. Elle entraîne donc après 3 minutes sans touche ni pointeur dans cette page.',
    weekly: 'Entraîner seulement à des heures fixes',
    weeklyHelp: 'Heure locale. Si la fin n’est pas après le début, elle est le jour suivant.',
    from: 'De',
    to: 'À',
    dayNeeded: 'Aucun jour n’est choisi : les heures ne comptent pas.',
    tone: 'Jouer un son inaudible pendant l’entraînement',
    toneHelp:
      'Chrome ralentit un onglet caché, sauf s’il joue un son. Vous n’entendez rien ; l’onglet montre un haut-parleur.',
    reasons: {
      person: 'Vous avez mis en pause.',
      timed: (time) => `Vous avez mis en pause. L’entraînement reprend à ${time}.`,
      weekly: (time) => `Ce n’est pas une de vos heures fixes. L’entraînement reprend à ${time}.`,
      battery: 'L’appareil est sur batterie. L’entraînement reprend quand il est branché.',
      device: 'Vous utilisez cet appareil. L’entraînement reprend après 3 minutes sans touche ni pointeur.',
      page: 'Vous utilisez cette page. L’entraînement reprend après 3 minutes sans touche ni pointeur ici.',
    },
  },
  otherTab: {
    heading: 'Un autre onglet de ce navigateur entraîne',
    why: 'Cet onglet-là continue, et rien n’est perdu. Un onglet utilise tout le GPU, celui-ci ne fait donc que regarder.',
    title: 'Son titre à présent :',
    show: 'Me montrer cet onglet',
    showHelp:
      'L’onglet passe au premier plan si le navigateur le permet ; sinon, son titre commence par « Ici ».',
    called: (title) => `Ici : ${title}`,
  },
  times: (count) => plural(count, { one: '(# fois)', many: '(# de fois)', other: '(# fois)' }),
  tooSlow: (needs, gives) =>
    `Votre appareil a besoin d’environ ${needs} min par tour, et cette session donne ${gives} min.`,
  tooSlowNext:
    'Réglez la puissance à 100 %, fermez les autres programmes qui utilisent le GPU, ou contribuez depuis un appareil plus rapide.',
  yours: 'Votre part',
  tokens: 'Tokens que vous avez apportés',
  share: 'Part de la session',
  rank: 'Rang parmi les nœuds présents',
  rankValue: (rank, nodes) => `${rank} sur ${nodes}`,
  roundsCounted: 'Tours qui ont compté, dans cet onglet',
  accepted: 'Contributions acceptées',
  counted: 'La dernière compte',
  speed: 'Tokens par seconde',
  corpusTokens: 'Tokens de votre texte',
  pass: 'Une lecture de votre texte',
  passMinutes: (minutes) => `environ ${minutes} min`,
  passShort: 'moins d’1 min',
  receipts: {
    download: 'Télécharger vos reçus',
    help: 'Le relais signe un reçu pour chaque contribution qu’il accepte. Le fichier contient les 256 derniers de cette session, et rien de votre texte.',
    check: 'Tout le monde peut vérifier que la session contient vos contributions :',
    saved: (name) => `Enregistré sous ${name}.`,
    none: 'Ce navigateur n’a encore aucun reçu de cette session.',
  },
  sent: 'Données envoyées',
  sentType: 'Message',
  sentBytes: 'Octets',
  sentNames: {
    join: 'Arrivée : votre clé et sa signature',
    offer: 'Offre : empreinte, comptes et pertes d’un delta',
    chunk: 'Morceau : le delta, encodé',
    heartbeat: 'Battement : « je suis là », pas, perte',
    leave: 'Départ : au revoir',
  },
  sentTotal: 'Total envoyé',
  received: 'Reçu par ce nœud (bases, deltas et messages)',
  pageItself: 'Cette page elle-même (scripts, images, état), sans le nœud',
  notSent: 'Votre texte n’a pas été envoyé, et ne peut pas l’être.',
  notSentWhy:
    'Le relais n’accepte que ces cinq messages. Aucun n’a de champ pour du texte, et chacun a une taille fixe. Votre texte reste dans un worker qui ne peut se connecter qu’à ce relais.',
  schema: 'Lire chaque message',
  audit: 'Vérifier comment le relais l’a fusionné',
  limits: 'Un delta peut quand même révéler des parties de votre texte',
  limitsText:
    'Un delta est calculé à partir de votre texte. Qui le lit peut dire assez sûrement quels octets le texte contient. Lors d’un essai, une phrase répétée sans cesse a été restituée mot pour mot. Le relais lit chaque delta, et après le tour, ceux que la session désigne aussi. Dans un tour de peu de nœuds, la base suivante, qui est publique, montre beaucoup de chaque delta. N’apportez pas de secrets.',
  notices: 'Avis',
  refused: (code, round) => `Le relais a refusé votre contribution au tour ${round} (${code}).`,
  dropped: (round) =>
    `Votre contribution au tour ${round} est arrivée trop tard ou n’a pas pu servir. Votre nœud continue avec le tour suivant.`,
  leftOut: (round) =>
    `Votre contribution au tour ${round} a été écartée, parce qu’elle va à l’encontre de celles des autres.`,
  leftOutNext:
    'Rien, si cela arrive de temps en temps : votre texte diffère peut-être de celui des autres. Si cela arrive à chaque tour, choisissez un autre texte.',
  fates: {
    included: () => 'en entier',
    scaled: (percent) => `à ${percent}`,
    trimmed: (percent) => `à ${percent} : certaines valeurs diffèrent trop de celles des autres`,
    capped: (percent) => `à ${percent} : la session limite le poids d’un nœud`,
    'left-out': () => 'écartée',
    'too-fast': (percent) => `à ${percent} : cet appareil n’a jamais été aussi rapide`,
    short: (percent) => `à ${percent} : elle change la base moins que tant de pas ne devraient`,
    copy: () => 'non comptée : presque la même qu’une précédente',
    worse: () => 'non comptée : sans elle, la base est meilleure sur le texte de test',
    distrusted: (percent) =>
      `à ${percent} : des contributions précédentes de cet appareil étaient des copies ou dégradaient la base`,
    unproven: () => 'pas encore comptée : le relais n’a pas testé cet appareil',
  },
  abandoned: (round) =>
    `Le tour ${round} n’a pas donné de base et s’ouvre à nouveau : il avait trop peu de contributions, ou sa base était moins bonne sur le texte mis de côté que la session ne l’admet.`,
  deviceLost: (round, step) =>
    `Le GPU a été perdu et rouvert. Le tour ${round} reprend après le pas ${step}.`,
  storedRound: {
    resumed: (round, step) =>
      `Le tour ${round} reprend après le pas ${step}, là où ce navigateur l’a enregistré.`,
    returned: (round, steps) =>
      `Le tour ${round} s’est fermé pendant l’absence de cette page. Ce que ${plural(steps, { one: 'son pas a appris', many: 'ses # pas ont appris', other: 'ses # pas ont appris' })} entre dans votre prochaine contribution.`,
    lost: (code) =>
      `Le tour enregistré par ce navigateur est inutilisable (${code}). Votre nœud le recommence.`,
    failed: (round) =>
      `Ce navigateur n’a pas pu enregistrer le tour ${round}. Si la page se ferme maintenant, ses pas sont perdus.`,
    failedNext: 'Libérez de l’espace sur cet appareil. Votre nœud réessaie de lui-même.',
  },
  tooShort: (round, lasts, training, upload) =>
    `Le tour ${round} dure ${lasts}. Cet appareil a besoin de ${training} pour son minimum de pas et de ${upload} pour l’envoi ; sa contribution peut donc arriver trop tard.`,
  tooShortNext:
    'Un appareil dont le travail arrive trop tard à chaque fois ne fait que suivre la session. Plus de puissance, un appareil ou un réseau plus rapide la fera compter.',
  part: {
    upper: (layers, of) => `Cet appareil entraîne les couches supérieures du modèle (${layers} sur ${of}).`,
    time: (lasts, training, upload) =>
      `Un tour dure ${lasts}. Pour le modèle entier, cet appareil a besoin de ${training} pour son minimum de pas et de ${upload} pour l’envoi.`,
    late: 'Son travail sur le modèle entier est arrivé trop tard à chaque fois.',
    memory: 'Il n’a pas assez de mémoire pour entraîner le modèle entier.',
    next: 'Rien : ses contributions comptent pour ces couches. Dès que le modèle entier tient dans un tour, il l’entraîne de nouveau.',
    memoryNext: 'Rien : ses contributions comptent pour ces couches.',
    whole: 'Cet appareil entraîne de nouveau le modèle entier.',
  },
  follows: {
    syncing: (round) => `Le tour ${round} s’est terminé alors que cet appareil téléchargeait encore sa base.`,
    training: (round, steps, localSteps) =>
      `Le tour ${round} s’est terminé quand cet appareil avait fait ${steps} pas sur ${localSteps}.`,
    sending: (round, steps) =>
      `Le tour ${round} s’est terminé quand cet appareil avait fait ${steps} pas et envoyait encore son delta.`,
    rounds: (rounds) =>
      `Il ne fait plus que suivre la session, et participe de nouveau après ${rounds} tours.`,
  },
  followsNext:
    'Rien, ou plus de puissance : il participe alors aussitôt. Un appareil ou un réseau plus rapide aide aussi.',
  notFinite: (round) =>
    `L’entraînement au tour ${round} a donné des nombres non finis, rien n’a donc été envoyé. Il reprend à la base suivante.`,
  kernelsChanged:
    'Le GPU, son pilote ou cette page a changé depuis que l’état a été enregistré. L’entraînement continue, mais les derniers chiffres des résultats peuvent différer.',
  kernelsDemoted:
    'Un pas d’essai a montré que votre GPU calcule mal avec certains de ses programmes. Sur cet appareil, des programmes plus lents, mais justes, les remplacent.',
  next: 'Que faire :',
  fork: {
    heading: 'Ce relais a signé deux histoires différentes de la session',
    what: 'Votre nœud a comparé ce que le relais dit maintenant à ce qu’il a signé avant, et s’est arrêté. Il n’envoie plus rien à ce relais. Un relais qui agit ainsi peut donner des bases différentes à des nœuds différents.',
    stepsWithProof: [
      'Téléchargez la preuve. Elle n’est que dans ce navigateur, et « M’oublier sur cet appareil » l’efface.',
      'Envoyez-la aux autres nœuds et à la personne qui gère le relais. Elle contient des empreintes et des signatures, et rien de votre texte.',
      'Ne contribuez à nouveau qu’une fois la raison trouvée.',
    ],
    steps: [
      'Téléchargez les deux fichiers. Ils ne sont que dans ce navigateur, et « M’oublier sur cet appareil » les efface.',
      'Prévenez les autres nœuds et la personne qui gère le relais. Avec ces fichiers, « tapestry verify » montre où le journal du relais diffère de ce qu’il a signé.',
      'Ne contribuez à nouveau qu’une fois la raison trouvée.',
    ],
    download: {
      proof: 'Télécharger la preuve',
      checkpoint: 'Télécharger le point de contrôle',
      receipts: 'Télécharger les reçus',
    },
    check: 'Tout le monde peut vérifier la preuve, sans vous croire sur parole :',
    details: 'Ce qui contredit quoi',
  },
  forget: 'M’oublier sur cet appareil',
  forgetHelp:
    'Efface la clé, l’état enregistré, les poids, ce que le relais a signé pour vous, vos votes sur des textes, vos choix et les fichiers de la page, que cette page garde dans votre navigateur. Elle ne garde rien d’autre.',
  forgotten: 'Tout ce que cette page gardait est effacé.',
  forgetConfirm: 'Effacer maintenant',
  cancel: 'Annuler',
};
