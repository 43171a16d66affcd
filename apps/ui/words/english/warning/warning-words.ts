/** What people read before their browser warns of a relay's own certificate. The names of buttons are those of the browsers. */
export const warningWords = {
  language: 'Language',
  title: 'Your browser will warn you',
  why: 'This relay made its own certificate, since no authority vouches for a machine without a public name. Your browser does not know that certificate, so a page of warning comes next.',
  compareHeading: 'Compare these four words',
  compare:
    'The presenter’s screen, or the terminal of whoever runs the relay, must show the same words. If it does not, stop here and tell them.',
  forged:
    'Compare with that screen, not with another page: this one is not encrypted yet, so someone on your network could forge it.',
  passHeading: 'Then pass the warning',
  chrome: 'Press “Advanced”, then “Proceed to … (unsafe)”.',
  firefox: 'Press “Advanced…”, then “Accept the Risk and Continue”.',
  safari: 'Press “Show Details”, then the link that visits the website, and confirm.',
  go: 'Continue to the relay',
  byHand: 'In the address above, put an s after http, so that it begins with https, and open it.',
  certainHeading: 'To be certain: the whole fingerprint',
  certain:
    'A forged page could show the right words too. What counts is the certificate that your browser then receives: open its details in the warning, or beside the address, and compare its SHA-256 with the one in the relay’s terminal. This relay’s is:',
} as const;
