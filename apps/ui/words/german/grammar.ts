import { pluralIn } from '../../language/plural.ts';

/*
 * Wortliste: adapter Adapter · base Basis · board Gremium · bit for bit Bit für Bit · constitution Verfassung ·
 * contribution Beitrag · corpus Korpus · data card Datenkarte · delta Delta · derive again neu herleiten · held-out
 * zurückgehalten · join beitreten · join token Beitrittstoken · journal Journal · loss Loss · merge zusammenführen ·
 * node Knoten · presenter Moderation · principle Grundsatz · prompt Prompt · protected domain geschützter Bereich ·
 * receipt Quittung · recipe Rezept · relay Relay · reward Belohnung · round Runde · run Lauf · stage Stufe · step Schritt.
 * Anrede: Sie.
 */

/** The forms of German plural rules. */
export const pluralForms = ['one', 'other'] as const;

export const plural = pluralIn('de', pluralForms);
