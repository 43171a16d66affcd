import type { Messages } from '../catalogue.ts';
import { plural } from './grammar.ts';

/** Every text of the dashboard, in French. */
export const dashboardWords: Messages['dashboard'] = {
  description: 'Une session de Tapestry en direct : nœuds, tours et perte.',
  title: 'Tableau de bord – Tapestry',
  fullScreen: 'Plein écran',
  leaveFullScreen: 'Quitter le plein écran',
  facts: (parameters, rounds, steps) =>
    [
      plural(parameters, {
        one: '# paramètre · ',
        many: '# de paramètres · ',
        other: '# paramètres · ',
      }),
      plural(rounds, { one: '# tour de ', many: '# de tours de ', other: '# tours de ' }),
      plural(steps, { one: '# pas local', many: '# de pas locaux', other: '# pas locaux' }),
    ].join(''),
  upper: (layers, of) =>
    `Les appareils lents peuvent n’entraîner que les couches supérieures (${layers} sur ${of})`,
  upstream: {
    following: (round) =>
      round === 0 ? 'Suit un relais en amont' : `Base d’un relais en amont, après son tour ${round}`,
    alone: (round) =>
      round === 0
        ? 'Travaille sans son relais en amont'
        : `Travaille sans son relais en amont depuis la base de son tour ${round}`,
  },
  round: 'Tour',
  ofRounds: (rounds) => `sur ${rounds}`,
  phases: {
    waiting: 'Attend des nœuds',
    training: 'Entraînement',
    grace: 'Dernières contributions',
    complete: 'Terminée',
  },
  waitingFor: (nodes, quorum) =>
    plural(quorum, {
      one: `${nodes} nœud sur # requis`,
      many: `${nodes} nœuds sur # requis`,
      other: `${nodes} nœuds sur # requis`,
    }),
  contributions: 'Contributions',
  ofTarget: (target) => `sur ${target}`,
  timeLeft: 'Temps restant',
  completeHeading: (done, rounds) =>
    done === rounds
      ? plural(rounds, {
          one: 'Le tour est terminé',
          many: 'Les # de tours sont terminés',
          other: 'Les # tours sont terminés',
        })
      : plural(rounds, {
          one: 'La session a pris fin avant la validation de son tour',
          many: `La session a pris fin après ${done} tours sur #`,
          other: `La session a pris fin après ${done} tours sur #`,
        }),
  completeLoss: (from, to) => `Perte sur texte mis de côté ${from} → ${to}, comme les nœuds la déclarent`,
  completeProbe: (loss) => `Perte ${loss}, mesurée par le relais`,
  nodes: 'Nœuds',
  noNodes: 'Aucun nœud n’a encore rejoint. Les nœuds apparaissent ici quand ils rejoignent.',
  nodesGone: 'Tous les nœuds sont partis.',
  showAll: (count) =>
    plural(count, { one: 'Tout afficher (#)', many: 'Tout afficher (#)', other: 'Tout afficher (#)' }),
  showFewer: 'Afficher moins',
  lossShort: 'perte',
  reported: 'Pertes, pas, tokens, vitesses et téléchargements sont tels que les nœuds les déclarent.',
  rate: (tokens) => `${tokens}/s`,
  nodeSteps: (done, steps) => `pas ${done} sur ${steps}`,
  nodeUpper: 'entraîne les couches supérieures',
  nodeMoved: (sent, received) => `${sent} envoyés, ${received} reçus`,
  totals: 'Ensemble',
  tokens: 'Tokens',
  tokensPerSecond: 'Tokens/s déclarés',
  accepted: 'Contributions acceptées',
  moved: 'Octets échangés',
  less: (times) => `${times} de moins que l’entraînement à données réparties`,
  dataParallel: (bytes) => `Échanger les gradients à chaque pas aurait demandé ${bytes}.`,
  base: 'Base',
  baseFile: (size) => `${size} de nombres flottants de 32 bits`,
  verify: 'Qui peut lire les contributions peut redériver cette base, bit à bit :',
  audit: 'Vérifier dans ce navigateur',
  sample: 'Texte qu’écrit la base',
  sampleRound: (round) => (round === 0 ? 'avant le premier tour' : `après le tour ${round}`),
  noSample: 'Le texte qu’écrit le modèle apparaît ici après les premiers tours.',
  join: 'Rejoindre',
  joinHow: 'Scannez, ou ouvrez dans un navigateur avec WebGPU :',
  joinSteps: [
    'Scannez le code ou ouvrez l’adresse',
    'Choisissez un texte : il reste sur votre appareil',
    'Appuyez sur Démarrer',
  ],
  certificate: 'Le certificat du relais, en quatre mots que son terminal affiche aussi :',
  joinClosed: 'Cette session est terminée. Le relais donne sa base sous son empreinte.',
  qr: (address) => `Code QR de ${address}`,
  localOnly:
    'Cette adresse ne marche que sur cet appareil. Pour d’autres appareils, démarrez le relais avec --host 0.0.0.0 --tls auto.',
  insecure:
    'Les navigateurs d’autres appareils exigent https pour WebGPU. Démarrez le relais avec --tls auto.',
};
