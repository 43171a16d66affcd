import { pluralIn } from '../../language/plural.ts';

/*
 * Glossário: adapter adaptador · base base · board conselho · bit for bit bit a bit · constitution constituição ·
 * contribution contribuição · corpus corpus · data card ficha de dados · delta delta · derive again derivar de novo ·
 * held-out reservado · join entrar · join token chave de acesso · journal diário · loss perda · merge mesclar ·
 * node nó · presenter apresentação · principle princípio · prompt prompt · protected domain domínio protegido ·
 * receipt recibo · recipe receita · relay relé · reward recompensa · round rodada · run treino conjunto («sessão») ·
 * stage etapa · step passo · token (of text) token. Tratamento: você. Ortografia do Brasil.
 */

/** The forms of Portuguese plural rules. */
export const pluralForms = ['one', 'many', 'other'] as const;

export const plural = pluralIn('pt', pluralForms);
