import type { Messages } from '../catalogue.ts';

/** What a browser that cannot train is told, in German. */
export const unsupportedWords: Messages['unsupported'] = {
  'insecure-context': {
    heading: 'WebGPU braucht eine sichere Adresse',
    why: 'Browser bieten WebGPU nur für https:// und localhost an, und diese Seite wurde über einfaches http geladen.',
    steps: [
      'Bitten Sie die Person, die das Relay betreibt, es mit --tls auto zu starten, und öffnen Sie die https://-Adresse.',
      'Läuft das Relay auf diesem Gerät, öffnen Sie stattdessen http://localhost mit demselben Port.',
    ],
  },
  'no-webgpu': {
    heading: 'Dieser Browser hat kein WebGPU',
    why: 'Das Training läuft über WebGPU auf Ihrer GPU. Dieser Browser bietet es nicht an.',
    steps: [
      'Chrome und Edge haben es ab Version 113 unter Windows, macOS und ChromeOS und ab 121 unter Android.',
      'Safari hat es ab Version 26 unter macOS, iOS und iPadOS.',
      'Firefox hat es ab Version 141 unter Windows und 145 auf Macs mit Apple-Chip.',
      'Unter Linux: Öffnen Sie chrome://flags in Chrome, schalten Sie „Unsafe WebGPU Support“ und „Vulkan“ ein und starten Sie Chrome neu.',
    ],
  },
  'no-adapter': {
    heading: 'Der Browser fand keine GPU, die er nutzen kann',
    why: 'Der Browser hat WebGPU, fand aber keinen Adapter. Vielleicht fehlt der Treiber, oder er steht auf der Sperrliste des Browsers.',
    steps: [
      'Aktualisieren Sie den Grafiktreiber, starten Sie den Browser neu und laden Sie diese Seite neu.',
      'In Chrome oder Edge nennt chrome://gpu den Grund; „Override software rendering list“ in chrome://flags hebt die Sperrliste auf.',
      'Schalten Sie „Grafikbeschleunigung verwenden, falls verfügbar“ in den Einstellungen des Browsers ein.',
    ],
  },
  watch: 'Dem Lauf zusehen',
  watchWhy:
    'Dieses Gerät kann zusehen, wie die anderen trainieren, und die Basis ausprobieren, die sie machen.',
  headless:
    'Dieses Gerät kann auch ohne Browser teilnehmen, mit Node oder Deno. Die README-Datei erklärt, wie.',
  retry: 'Erneut prüfen',
};
