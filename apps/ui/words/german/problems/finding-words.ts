import type { FindingWords } from '../../problems.ts';

/** What the verifier finds, by its codes, in German. */
export const findingWords: FindingWords = {
  'entry.form': (entry) => `Der Journaleintrag ${entry} hat nicht die Form seiner Art.`,
  'entry.chain': (entry) =>
    `Der Journaleintrag ${entry} wurde verändert, oder er folgt nicht auf den vorigen.`,
  'entry.rule': (entry) => `Der Journaleintrag ${entry} bricht eine Regel des Laufs.`,
  'entry.signature': (entry) =>
    `Eine Signatur im Journaleintrag ${entry} stammt nicht von dem, von dem sie stammen muss.`,
  'entry.derived': (entry) => `Der Journaleintrag ${entry} sagt etwas anderes, als die Beiträge ergeben.`,
  'entry.payload': (entry) =>
    `Was zum Journaleintrag ${entry} hochgeladen wurde, ist kein Delta dieses Laufs.`,
  'entry.expected': (entry) =>
    `Der Journaleintrag ${entry} nennt einen anderen Lauf oder ein anderes Relay als erwartet.`,
  'journal.empty': () => 'Das Journal hat keinen Eintrag.',
  'journal.cut-off': (entries, least) =>
    `Das Ende des Journals wurde abgeschnitten: Es hat nur die Einträge bis ${entries}, und ein späterer (${least}) war schon bekannt.`,
  'journal.rounds-missing': (rounds) =>
    `Das Journal endet nach Runde ${rounds}, und eine spätere war schon abgeschlossen.`,
  'journal.forked': (entry) =>
    `Das Relay hat zwei Journale gezeigt: Sie unterscheiden sich bis zum Eintrag ${entry}.`,
  'journal.damaged': () => 'Die Datei des Journals ist beschädigt.',
  'blob.missing': () => 'Eine Datei des Laufs fehlt.',
  'blob.changed': () =>
    'Eine Datei des Laufs wurde verändert: Ihre Bytes haben nicht den Hash, der sie benennt.',
  'blob.withheld': () => 'Das Relay hält eine Datei zurück, obwohl ihre Runde vorbei ist.',
  'blob.not-finite': () => 'Eine Datei des Laufs enthält Werte, die keine Zahlen sind.',
  'upload.changed': () => 'Ein Teil einer angefangenen Übertragung wurde verändert.',
  'file.misplaced': () => 'Im Ordner des Laufs liegt eine Datei, die nicht dorthin gehört.',
  'key.other': () => 'Der Schlüssel im Ordner ist nicht der, den das Manifest nennt.',
  'evidence.unsigned': () =>
    'Eine aufbewahrte Quittung oder ein Kontrollpunkt ist nicht vom Relay dieses Laufs signiert.',
  more: (count) => `Weitere Probleme, die hier nicht genannt sind: ${count}.`,
};
