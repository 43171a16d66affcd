import type { ProblemWords } from '../../problems.ts';

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
  'evaluate.no-token': {
    message: 'Só os membros podem ler as contribuições desta sessão.',
    next: 'Digite o token de entrada.',
  },
  'evaluate.not-granted': {
    message: 'A sessão não nomeia a chave deste navegador como avaliador.',
    next: 'Dê a chave a quem mantém o relé, para que inicie uma sessão com ela.',
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
  adapter: {
    message: 'O adaptador não combina com este modelo, ou a GPU calcula errado.',
    next: 'A mensagem em inglês diz o que não combina. Use outro adaptador ou outra GPU.',
  },
  build: {
    message: 'Esta construção não pode continuar assim.',
    next: 'Comece-a de novo, ou mude o que a mensagem em inglês nomeia.',
  },
  card: {
    message: 'Uma ficha de dados não é válida, ou não permite este uso.',
    next: 'Corrija a ficha, ou tire os dados da receita.',
  },
  chat: {
    message: 'O modelo de conversa não combina com este modelo ou com este texto.',
    next: 'Escolha outro formato, ou um texto mais curto.',
  },
  constitution: {
    message: 'A constituição ou seus votos não podem ser usados assim.',
    next: 'Corrija o arquivo no ponto que a mensagem em inglês nomeia, e solte-o de novo.',
  },
  corpus: {
    message: 'Uma parte do seu texto não pode ser usada assim.',
    next: 'Corrija o arquivo que a mensagem em inglês nomeia, ou escolha outros.',
  },
  dataset: {
    message: 'Um conjunto de dados não pode ser usado assim.',
    next: 'Corrija a linha ou a coluna que a mensagem em inglês nomeia, e solte o arquivo de novo.',
  },
  device: {
    message: 'A GPU não basta para este modelo, ou seu driver tem defeito.',
    next: 'Atualize o driver, feche outros programas, ou use outro dispositivo.',
  },
  disk: {
    message: 'O navegador não consegue guardar o bastante.',
    next: 'Libere espaço e recarregue a página.',
  },
  host: {
    message: 'O navegador não permite isso, ou outra aba está usando.',
    next: 'Feche as outras abas desta página e permita o que o navegador pede.',
  },
  identity: {
    message: 'A chave deste dispositivo não pode ser lida.',
    next: 'Recarregue a página. Se o erro continuar, faça este dispositivo esquecer você.',
  },
  lineage: {
    message: 'A origem deste modelo não é a que o arquivo diz.',
    next: 'Pegue o modelo de novo da sua fonte.',
  },
  model: {
    message: 'Os arquivos do modelo estão danificados, incompletos ou são de um tipo que não se lê aqui.',
    next: 'Baixe o modelo de novo, ou use um da arquitetura LLaMA.',
  },
  program: {
    message: 'O estado guardado e o programa não combinam.',
    next: 'Recarregue a página e comece de novo. Se o erro voltar, relate-o.',
  },
  protected: {
    message: 'Os domínios protegidos não podem ser usados assim.',
    next: 'Corrija a regra que a mensagem em inglês nomeia.',
  },
  recipe: {
    message: 'A receita não combina com seus dados ou com seu modelo.',
    next: 'Mude na receita o que a mensagem em inglês nomeia.',
  },
  relay: {
    message: 'O relé não responde como deve.',
    next: 'Recarregue a página. Se o erro continuar, avise quem administra o relé.',
  },
  run: {
    message: 'A sessão não pode ser lida assim.',
    next: 'Escolha a pasta inteira da sessão, ou comece de novo.',
  },
  text: {
    message: 'Com estas opções não se pode escrever nenhum texto.',
    next: 'Mude o começo ou as opções.',
  },
  training: {
    message: 'O treino deu valores que não são mais números.',
    next: 'Use uma taxa de aprendizado menor. Um nó que contribui recomeça sozinho.',
  },
};
