import type { FindingWords } from '../../problems.ts';

/** What the verifier finds, by its codes, in Portuguese. */
export const findingWords: FindingWords = {
  'entry.form': (entry) => `A entrada ${entry} do diário não tem a forma do seu tipo.`,
  'entry.chain': (entry) => `A entrada ${entry} do diário foi alterada, ou não segue a anterior.`,
  'entry.rule': (entry) => `A entrada ${entry} do diário viola uma regra da sessão.`,
  'entry.signature': (entry) => `Uma assinatura da entrada ${entry} do diário não é de quem deve ser.`,
  'entry.derived': (entry) => `A entrada ${entry} do diário diz algo diferente do que as contribuições dão.`,
  'entry.payload': (entry) =>
    `O que foi enviado para a entrada ${entry} do diário não é um delta desta sessão.`,
  'entry.expected': (entry) =>
    `A entrada ${entry} do diário nomeia outra sessão ou outro relé que não os esperados.`,
  'journal.empty': () => 'O diário não tem nenhuma entrada.',
  'journal.cut-off': (entries, least) =>
    `O fim do diário foi cortado: ele só tem as entradas até ${entries}, e uma posterior (${least}) já era conhecida.`,
  'journal.rounds-missing': (rounds) =>
    `O diário termina após a rodada ${rounds}, e uma posterior já estava confirmada.`,
  'journal.forked': (entry) => `O relé mostrou dois diários: eles diferem até a entrada ${entry}.`,
  'journal.damaged': () => 'O arquivo do diário está danificado.',
  'blob.missing': () => 'Falta um arquivo da sessão.',
  'blob.changed': () => 'Um arquivo da sessão foi alterado: seus bytes não têm o hash que lhe dá nome.',
  'blob.withheld': () => 'O relé retém um arquivo, embora a rodada dele tenha terminado.',
  'blob.not-finite': () => 'Um arquivo da sessão contém valores que não são números.',
  'upload.changed': () => 'Uma parte de um envio iniciado foi alterada.',
  'file.misplaced': () => 'Na pasta há um arquivo que não pertence a ela.',
  'key.other': () => 'A chave na pasta não é a que o manifesto nomeia.',
  'evidence.unsigned': () =>
    'Um recibo ou ponto de controle guardado não foi assinado pelo relé desta sessão.',
  more: (count) => `Outros problemas não nomeados aqui: ${count}.`,
};
