import type { Messages } from '../catalogue.ts';

/** What a browser that cannot train is told, in Portuguese. */
export const unsupportedWords: Messages['unsupported'] = {
  'insecure-context': {
    heading: 'O WebGPU exige um endereço seguro',
    why: 'Os navegadores só oferecem o WebGPU a https:// e a localhost, e esta página foi carregada por http simples.',
    steps: [
      'Peça a quem cuida do relé que o inicie com --tls auto e abra o endereço https:// dele.',
      'Se o relé roda neste aparelho, abra http://localhost com a mesma porta.',
    ],
  },
  'no-webgpu': {
    heading: 'Este navegador não tem WebGPU',
    why: 'O treino roda na sua GPU pelo WebGPU, que este navegador não oferece.',
    steps: [
      'O Chrome e o Edge o têm desde a versão 113 no Windows, macOS e ChromeOS, e desde a 121 no Android.',
      'O Safari o tem desde a versão 26, no macOS, iOS e iPadOS.',
      'O Firefox o tem desde a versão 141 no Windows e a 145 nos Macs com chip da Apple.',
      'No Linux, abra chrome://flags no Chrome, ative “Unsafe WebGPU Support” e “Vulkan” e reinicie-o.',
    ],
  },
  'no-adapter': {
    heading: 'O navegador não encontrou uma GPU que possa usar',
    why: 'O navegador tem WebGPU, mas não encontrou nenhum adaptador. Talvez o driver falte ou esteja na lista de bloqueio do navegador.',
    steps: [
      'Atualize o driver gráfico, reinicie o navegador e recarregue esta página.',
      'No Chrome ou no Edge, veja o motivo em chrome://gpu; “Override software rendering list” em chrome://flags suspende a lista de bloqueio.',
      'Ative “Usar aceleração gráfica quando disponível” nas configurações do navegador.',
    ],
  },
  watch: 'Assistir à sessão',
  watchWhy: 'Este aparelho pode ver como os outros treinam e experimentar a base que eles fazem.',
  headless:
    'Este aparelho também pode participar sem navegador, com Node ou Deno. O arquivo README explica como.',
  retry: 'Verificar de novo',
};
