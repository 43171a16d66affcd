import type { Messages } from '../catalogue.ts';

/** What a browser that cannot train is told, in Spanish. */
export const unsupportedWords: Messages['unsupported'] = {
  'insecure-context': {
    heading: 'WebGPU necesita una dirección segura',
    why: 'Los navegadores solo ofrecen WebGPU a https:// y a localhost, y esta página se cargó por http simple.',
    steps: [
      'Pide a quien gestiona el relé que lo inicie con --tls auto y abre su dirección https://.',
      'Si el relé funciona en este equipo, abre http://localhost con el mismo puerto.',
    ],
  },
  'no-webgpu': {
    heading: 'Este navegador no tiene WebGPU',
    why: 'El entrenamiento se hace en tu GPU con WebGPU, que este navegador no ofrece.',
    steps: [
      'Chrome y Edge lo tienen desde la versión 113 en Windows, macOS y ChromeOS, y desde la 121 en Android.',
      'Safari lo tiene desde la versión 26, en macOS, iOS y iPadOS.',
      'Firefox lo tiene desde la versión 141 en Windows y la 145 en los Mac con chip de Apple.',
      'En Linux, abre chrome://flags en Chrome, activa «Unsafe WebGPU Support» y «Vulkan» y reinícialo.',
    ],
  },
  'no-adapter': {
    heading: 'El navegador no encontró ninguna GPU que pueda usar',
    why: 'El navegador tiene WebGPU, pero no encontró ningún adaptador. Quizá falta el controlador o está en la lista de bloqueo del navegador.',
    steps: [
      'Actualiza el controlador gráfico, reinicia el navegador y vuelve a cargar esta página.',
      'En Chrome o Edge, mira el motivo en chrome://gpu; «Override software rendering list» en chrome://flags anula la lista de bloqueo.',
      'Activa «Usar aceleración de gráficos cuando esté disponible» en los ajustes del navegador.',
    ],
  },
  watch: 'Ver la sesión',
  watchWhy: 'Este equipo puede ver cómo entrenan los demás y probar la base que hacen.',
  headless:
    'Este equipo también puede participar sin navegador, con Node o Deno. El archivo README explica cómo.',
  retry: 'Comprobar de nuevo',
};
