import type { ProblemWords } from '../catalogue.ts';

/** What problems mean and what to do about them, by their codes, in Portuguese. */
export const problemWords: ProblemWords = {
  'adapter.missing': {
    message: 'O navegador não encontrou uma GPU que possa usar.',
    next: 'Atualize o driver gráfico e reinicie o navegador.',
  },
  'corpus.none': {
    message: 'Os arquivos não têm texto que possa ser usado.',
    next: 'Escolha pelo menos um arquivo de texto ou JSONL com alguns parágrafos.',
  },
  'corpus.not-text': {
    message: 'Um arquivo não é texto.',
    next: 'Exporte-o como texto simples e escolha esse.',
  },
  'corpus.too-short': {
    message: 'O texto é curto demais para esta sessão.',
    next: 'Acrescente texto ou escolha um mais longo.',
  },
  'device.lost': {
    message: 'A GPU foi perdida.',
    next: 'Recarregue a página. Feche outros programas que usam a GPU.',
  },
  'relay.already-connected': {
    message: 'O mesmo nó entrou de outro lugar.',
    next: 'Deixe-o rodar em uma só aba.',
  },
  'relay.bad-token': {
    message: 'A chave de acesso não está certa.',
    next: 'Peça a certa a quem cuida do relé.',
  },
  'relay.cut-off': { message: 'A conexão com o relé caiu.', next: 'Tente de novo.' },
  'relay.fault': {
    message: 'Houve um erro no relé.',
    next: 'Tente mais tarde. Se o erro continuar, avise quem cuida do relé.',
  },
  'relay.removed': { message: 'Quem apresenta removeu este nó da sessão.', next: 'Pergunte-lhe o motivo.' },
  'relay.too-many': {
    message: 'O relé não aceita mais nós no momento.',
    next: 'Tente mais tarde, ou pergunte a quem cuida do relé.',
  },
  'relay.unreachable': {
    message: 'O relé não responde.',
    next: 'Verifique a sua rede e se o relé está rodando.',
  },
  'relay.wrong-protocol': {
    message: 'Esta página e o relé falam versões diferentes do protocolo.',
    next: 'Recarregue a página.',
  },
  'relay.wrong-run': {
    message: 'Este relé conduz agora outra sessão.',
    next: 'Recarregue a página para entrar nela.',
  },
  'audit.no-receipt': {
    message: 'Um arquivo não contém recibos nem um ponto de controle.',
    next: 'Escolha os arquivos receipts-….txt e checkpoint-….txt da pasta de um nó.',
  },
  'page.unforeseen': {
    message: 'Ocorreu um erro que a página não conhece.',
    next: 'Recarregue a página. Se o erro se repetir, comunique-o.',
  },
  'page.worker': {
    message: 'A parte da página que calcula parou de funcionar.',
    next: 'Recarregue a página.',
  },
  'studio.no-adapter': {
    message: 'Este modelo foi construído com todos os pesos e não tem adaptador.',
    next: 'Exporte o modelo inteiro, ou construa com um adaptador.',
  },
  'studio.no-breaches': {
    message: 'A receita não tem nenhuma regra que encontre violações, ou seus dados não têm nenhum prompt.',
    next: 'Solte um arquivo de regras, ou uma constituição com domínios protegidos ou verificações, e dados com prompts.',
  },
  'studio.no-dataset': {
    message: 'Um conjunto de dados da receita não está aqui.',
    next: 'Solte o arquivo na página, ou tire o nome dele da receita.',
  },
  'studio.no-file': {
    message: 'A receita cita um arquivo que não está aqui.',
    next: 'Solte o arquivo na página, ou tire o nome dele da receita.',
  },
  'studio.no-model': {
    message: 'A base da receita não está aqui.',
    next: 'Solte uma base na página, ou escolha uma que esteja aqui.',
  },
  'studio.too-large': {
    message: 'Um arquivo é grande demais.',
    next: 'Solte um menor: receitas, regras e fichas são textos curtos.',
  },
  'studio.unknown-file': {
    message: 'O estúdio não sabe ler um arquivo.',
    next: 'Solte um modelo, dados com suas fichas, uma receita, uma constituição, regras ou uma função de recompensa.',
  },
};
