import { pluralIn } from '../../language/plural.ts';

/*
 * Glossaire : adapter adaptateur · base base · board collège · bit for bit bit à bit · constitution constitution ·
 * contribution contribution · corpus corpus · data card fiche de données · delta delta · derive again redériver ·
 * held-out mis de côté · join rejoindre · join token jeton d’accès · journal journal · loss perte · merge fusionner ·
 * node nœud · presenter animation · principle principe · prompt invite · protected domain domaine protégé ·
 * receipt reçu · recipe recette · relay relais · reward récompense · round tour · run entraînement commun (« session ») ·
 * stage étape · step pas · token (of text) token. On vouvoie.
 */

/** The forms of French plural rules. */
export const pluralForms = ['one', 'many', 'other'] as const;

export const plural = pluralIn('fr', pluralForms);
