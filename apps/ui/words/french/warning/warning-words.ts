import type { WarningWords } from '../../catalogue.ts';

/** What people read before their browser warns of a relay's own certificate, in French. */
export const warningWords: WarningWords = {
  language: 'Langue',
  title: 'Votre navigateur va vous avertir',
  why: 'Ce relais a fait lui-même son certificat, car aucune autorité ne se porte garante d’une machine sans nom public. Votre navigateur ne connaît pas ce certificat et affiche donc ensuite une page d’avertissement.',
  compareHeading: 'Comparez ces quatre mots',
  compare:
    'L’écran de la personne qui anime, ou le terminal du relais, doit montrer les mêmes mots. Sinon, arrêtez-vous ici et prévenez-la.',
  forged:
    'Comparez avec cet écran, pas avec une autre page : celle-ci n’est pas encore chiffrée, et quelqu’un sur votre réseau pourrait la falsifier.',
  passHeading: 'Passez ensuite l’avertissement',
  chrome: 'Appuyez sur « Paramètres avancés », puis sur « Continuer vers le site … (dangereux) ».',
  firefox: 'Appuyez sur « Avancé… », puis sur « Accepter le risque et poursuivre ».',
  safari: 'Appuyez sur « Afficher les détails », puis sur le lien qui ouvre le site, et confirmez.',
  go: 'Continuer vers le relais',
  byHand: 'Dans l’adresse ci-dessus, ajoutez un s après http, pour qu’elle commence par https, et ouvrez-la.',
  certainHeading: 'Pour être sûr : l’empreinte entière',
  certain:
    'Une page falsifiée pourrait montrer les bons mots elle aussi. Ce qui compte est le certificat que votre navigateur reçoit ensuite : ouvrez ses détails dans l’avertissement ou à côté de l’adresse, et comparez son SHA-256 avec celui du terminal du relais. Celui de ce relais est :',
};
