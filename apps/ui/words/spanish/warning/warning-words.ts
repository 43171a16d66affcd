import type { WarningWords } from '../../catalogue.ts';

/** What people read before their browser warns of a relay's own certificate, in Spanish. */
export const warningWords: WarningWords = {
  language: 'Idioma',
  title: 'Tu navegador te va a advertir',
  why: 'Este relé hizo su propio certificado, pues ninguna autoridad responde por una máquina sin nombre público. Tu navegador no conoce ese certificado, así que ahora viene una página de advertencia.',
  compareHeading: 'Compara estas cuatro palabras',
  compare:
    'La pantalla de quien presenta, o el terminal del relé, debe mostrar las mismas palabras. Si no es así, detente aquí y avísale.',
  forged:
    'Compara con esa pantalla, no con otra página: esta todavía no va cifrada, y alguien en tu red podría falsificarla.',
  passHeading: 'Después, pasa la advertencia',
  chrome: 'Pulsa «Configuración avanzada» y luego «Acceder a … (sitio no seguro)».',
  firefox: 'Pulsa «Avanzado…» y luego «Aceptar el riesgo y continuar».',
  safari: 'Pulsa «Mostrar detalles», luego el enlace que visita el sitio web, y confirma.',
  go: 'Continuar al relé',
  byHand: 'En la dirección de arriba, pon una s después de http, para que empiece por https, y ábrela.',
  certainHeading: 'Para estar seguro: la huella completa',
  certain:
    'Una página falsificada también podría mostrar las palabras correctas. Lo que cuenta es el certificado que tu navegador recibe después: abre sus detalles en la advertencia o junto a la dirección y compara su SHA-256 con el del terminal del relé. El de este relé es:',
};
