import type { Messages } from '../catalogue.ts';
import { contributionsOf } from './grammar.ts';

/** The texts of a round that is open on the dashboard, in Arabic. */
export const roundWords: Messages['rounds'] = {
  choose: 'الجولات المعتمدة. الأسهم تختار جولة، وEnter يفتحها.',
  round: (round, rounds) => `الجولة ${round} من ${rounds}`,
  open: (round) => `افتح الجولة ${round}`,
  before: 'السابقة',
  next: 'التالية',
  close: 'أغلق',
  asking: 'جارٍ سؤال المرحّل…',
  missing: 'لم تُعتمد هذه الجولة بعد.',
  failed: 'لم يُجب المرحّل. أغلق الجولة وافتحها ثانيةً.',
  contributions: 'المساهمات',
  given: (contributions, excluded) =>
    excluded === 0 ? `${contributions}` : `${contributions}، استُبعد منها ${excluded}`,
  tokens: 'الرموز',
  steps: 'الخطوات',
  loss: 'الخسارة',
  trainingLoss: 'خسارة التدريب',
  probeLoss: 'بقياس المرحّل',
  committed: 'وقت الاعتماد',
  base: 'النموذج الأساسي',
  sample: 'ما كتبه النموذج الأساسي',
  who: 'من ساهم',
  leftOut: '(استُبعدت)',
  upper: '(الطبقات العليا)',
  first: (shown) => `لا يظهر هنا إلا أول ${contributionsOf(shown)}؛ والسجل فيه الكل.`,
  reported: 'الخسائر والخطوات والرموز كما تبلّغ عنها العقد.',
};
