import type { WarningWords } from '../../catalogue.ts';

/** What people read before their browser warns of a relay's own certificate, in German. */
export const warningWords: WarningWords = {
  language: 'Sprache',
  title: 'Ihr Browser wird Sie warnen',
  why: 'Dieses Relay hat sein Zertifikat selbst ausgestellt, denn keine Stelle bürgt für ein Gerät ohne öffentlichen Namen. Ihr Browser kennt dieses Zertifikat nicht und zeigt darum als Nächstes eine Warnung.',
  compareHeading: 'Vergleichen Sie diese vier Wörter',
  compare:
    'Der Bildschirm der Moderation oder das Terminal des Relays muss dieselben Wörter zeigen. Wenn nicht, hören Sie hier auf und sagen Sie dort Bescheid.',
  forged:
    'Vergleichen Sie mit jenem Bildschirm, nicht mit einer anderen Seite: Diese hier ist noch nicht verschlüsselt, jemand in Ihrem Netz könnte sie fälschen.',
  passHeading: 'Gehen Sie dann an der Warnung vorbei',
  chrome: 'Drücken Sie „Erweitert“, dann „Weiter zu … (unsicher)“.',
  firefox: 'Drücken Sie „Erweitert…“, dann „Risiko akzeptieren und fortfahren“.',
  safari: 'Drücken Sie „Details einblenden“, dann den Link, der die Website öffnet, und bestätigen Sie.',
  go: 'Weiter zum Relay',
  byHand:
    'Setzen Sie in der Adresse oben ein s hinter http, sodass sie mit https beginnt, und öffnen Sie sie.',
  certainHeading: 'Um sicherzugehen: der ganze Fingerabdruck',
  certain:
    'Auch eine gefälschte Seite könnte die richtigen Wörter zeigen. Es zählt das Zertifikat, das Ihr Browser danach bekommt: Öffnen Sie seine Details in der Warnung oder neben der Adresse und vergleichen Sie seinen SHA-256 mit dem im Terminal des Relays. Der dieses Relays ist:',
};
