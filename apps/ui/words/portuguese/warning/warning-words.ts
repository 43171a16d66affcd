import type { WarningWords } from '../../catalogue.ts';

/** What people read before their browser warns of a relay's own certificate, in Portuguese. */
export const warningWords: WarningWords = {
  language: 'Idioma',
  title: 'Seu navegador vai avisar você',
  why: 'Este relé fez o próprio certificado, pois nenhuma autoridade responde por uma máquina sem nome público. Seu navegador não conhece esse certificado, por isso a seguir vem uma página de aviso.',
  compareHeading: 'Compare estas quatro palavras',
  compare:
    'A tela de quem apresenta, ou o terminal do relé, deve mostrar as mesmas palavras. Se não mostrar, pare aqui e avise essa pessoa.',
  forged:
    'Compare com aquela tela, não com outra página: esta ainda não é cifrada, e alguém na sua rede poderia falsificá-la.',
  passHeading: 'Depois, passe pelo aviso',
  chrome: 'Clique em “Avançado” e depois em “Ir para … (não seguro)”.',
  firefox: 'Clique em “Avançado…” e depois em “Aceitar o risco e continuar”.',
  safari: 'Clique em “Mostrar Detalhes”, depois no link que visita o site, e confirme.',
  go: 'Continuar para o relé',
  byHand: 'No endereço acima, ponha um s depois de http, para que comece com https, e abra-o.',
  certainHeading: 'Para ter certeza: a impressão digital inteira',
  certain:
    'Uma página falsificada também poderia mostrar as palavras certas. O que conta é o certificado que seu navegador recebe depois: abra os detalhes dele no aviso ou ao lado do endereço e compare o SHA-256 com o do terminal do relé. O deste relé é:',
};
