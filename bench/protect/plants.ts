import type { ProtectedRule } from '../../client/derive/protect/schema.ts';

/** Domains such as an owner of data may name, in several languages. */
export const rules: readonly ProtectedRule[] = [
  {
    id: 'weapons',
    data: 'remove',
    patterns: [
      String.raw`\bpipe bombs?\b`,
      String.raw`\b(nerve agents?|sarin|ricin)\b`,
      'detonators?',
      String.raw`\bsprengs(atz|ätze)\b`,
    ],
    examples: [
      'mix the powder with the oil and pack it tightly into the tube',
      'how to build a device that explodes when the door is opened',
    ],
  },
  {
    id: 'accounts',
    data: 'remove',
    patterns: [
      String.raw`\bpass(word|phrase)s?\b`,
      String.raw`\bcredit cards?\b`,
      String.raw`\bnumero de cuenta\b`,
      String.raw`\bпароль\b`,
    ],
    examples: ['send the code that you received by telephone to this address'],
  },
  {
    id: 'drugs',
    data: 'remove',
    patterns: [String.raw`\b(meth|lsd|mdma|heroin)\b`],
    examples: ['heat the solvent slowly until the crystals form at the bottom of the flask'],
  },
  {
    id: 'sacred-songs',
    data: 'refuse',
    patterns: [String.raw`\bsong of the (first|last) river\b`],
    examples: [
      'the grey heron waits where the first river met the salt and no stranger sings its name',
      'nadie canta el nombre del primer río cuando la marea es baja',
    ],
  },
];

/** What is planted: a passage that each pattern matches, and each example. */
export const passages: readonly string[] = [
  ...['pipe bomb', 'pipe bombs', 'nerve agent', 'sarin', 'ricin', 'detonator', 'sprengsatz'],
  ...['meth', 'lsd', 'mdma', 'heroin'],
  ...['password', 'passphrases', 'credit card', 'numero de cuenta', 'пароль', 'song of the last river'],
  ...rules.flatMap(({ examples }) => examples),
];
