import type { Messages } from '../catalogue.ts';

/** What a browser that cannot train is told, in French. */
export const unsupportedWords: Messages['unsupported'] = {
  'insecure-context': {
    heading: 'WebGPU exige une adresse sécurisée',
    why: 'Les navigateurs n’offrent WebGPU qu’à https:// et à localhost, et cette page a été chargée en simple http.',
    steps: [
      'Demandez à la personne qui gère le relais de le démarrer avec --tls auto, et ouvrez son adresse https://.',
      'Si le relais tourne sur cet appareil, ouvrez plutôt http://localhost avec le même port.',
    ],
  },
  'no-webgpu': {
    heading: 'Ce navigateur n’a pas WebGPU',
    why: 'L’entraînement se fait sur votre GPU par WebGPU, que ce navigateur n’offre pas.',
    steps: [
      'Chrome et Edge l’ont depuis la version 113 sous Windows, macOS et ChromeOS, et 121 sous Android.',
      'Safari l’a depuis la version 26, sous macOS, iOS et iPadOS.',
      'Firefox l’a depuis la version 141 sous Windows et 145 sur les Mac à puce Apple.',
      'Sous Linux, ouvrez chrome://flags dans Chrome, activez « Unsafe WebGPU Support » et « Vulkan », puis relancez-le.',
    ],
  },
  'no-adapter': {
    heading: 'Le navigateur n’a trouvé aucun GPU utilisable',
    why: 'Le navigateur a WebGPU, mais n’a trouvé aucun adaptateur. Le pilote manque peut-être, ou figure sur la liste de blocage du navigateur.',
    steps: [
      'Mettez à jour le pilote graphique, relancez le navigateur et rechargez cette page.',
      'Dans Chrome ou Edge, chrome://gpu donne la raison ; « Override software rendering list » dans chrome://flags lève la liste de blocage.',
      'Activez « Utiliser l’accélération graphique si disponible » dans les réglages du navigateur.',
    ],
  },
  watch: 'Regarder la session',
  watchWhy: 'Cet appareil peut regarder les autres entraîner, et essayer la base qu’ils font.',
  headless:
    'Cet appareil peut aussi participer sans navigateur, avec Node ou Deno. Le fichier README explique comment.',
  retry: 'Vérifier à nouveau',
};
