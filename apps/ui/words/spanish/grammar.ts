import { pluralIn } from '../../language/plural.ts';

/*
 * Glosario: adapter adaptador · base base · board consejo · bit for bit bit a bit · constitution constitución ·
 * contribution contribución · corpus corpus · data card ficha de datos · delta delta · derive again volver a derivar ·
 * held-out reservado · join unirse · join token clave de acceso · journal diario · loss pérdida · merge fusionar ·
 * node nodo · presenter presentación · principle principio · prompt prompt · protected domain dominio protegido ·
 * receipt recibo · recipe receta · relay relé · reward recompensa · round ronda · run entrenamiento conjunto («sesión») ·
 * stage etapa · step paso · token (of text) token. Tratamiento: tú.
 */

/** The forms of Spanish plural rules. */
export const pluralForms = ['one', 'many', 'other'] as const;

export const plural = pluralIn('es', pluralForms);
