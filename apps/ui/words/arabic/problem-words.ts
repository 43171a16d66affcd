import type { ProblemWords } from '../catalogue.ts';

/** What problems mean and what to do about them, by their codes, in Arabic. */
export const problemWords: ProblemWords = {
  'adapter.missing': {
    message: 'لم يجد المتصفح معالج رسوميات يمكنه استخدامه.',
    next: 'حدّث برنامج تشغيل الرسوميات وأعد تشغيل المتصفح.',
  },
  'corpus.none': {
    message: 'ليس في الملفات نص يمكن استخدامه.',
    next: 'اختر ملفًا نصيًا أو ملف JSONL واحدًا على الأقل فيه بضع فقرات.',
  },
  'corpus.not-text': { message: 'أحد الملفات ليس نصًا.', next: 'صدّره نصًا عاديًا ثم اختر ذلك النص.' },
  'corpus.too-short': { message: 'النص أقصر من اللازم لهذا التدريب.', next: 'أضف نصًا أو اختر نصًا أطول.' },
  'device.lost': {
    message: 'فُقد معالج الرسوميات.',
    next: 'أعد تحميل الصفحة. أغلق البرامج الأخرى التي تستخدم معالج الرسوميات.',
  },
  'relay.already-connected': {
    message: 'انضمت العقدة نفسها من مكان آخر.',
    next: 'دعها تعمل في لسان واحد فقط.',
  },
  'relay.bad-token': { message: 'كلمة الانضمام غير صحيحة.', next: 'اطلب الكلمة الصحيحة ممن يشغّل المرحّل.' },
  'relay.cut-off': { message: 'انقطع الاتصال بالمرحّل.', next: 'حاول ثانيةً.' },
  'relay.fault': { message: 'وقع خطأ في المرحّل.', next: 'حاول لاحقًا. إن استمر الخطأ فأخبر من يشغّل المرحّل.' },
  'relay.removed': { message: 'أزال المقدّم هذه العقدة من التدريب.', next: 'اسأل المقدّم عن السبب.' },
  'relay.too-many': {
    message: 'لا يقبل المرحّل مزيدًا من العقد الآن.',
    next: 'حاول لاحقًا، أو اسأل من يشغّل المرحّل.',
  },
  'relay.unreachable': { message: 'المرحّل لا يجيب.', next: 'تحقق من شبكتك ومن أن المرحّل يعمل.' },
  'relay.wrong-protocol': {
    message: 'هذه الصفحة والمرحّل يستخدمان إصدارين مختلفين من البروتوكول.',
    next: 'أعد تحميل الصفحة.',
  },
  'relay.wrong-run': { message: 'يجري هذا المرحّل الآن تدريبًا آخر.', next: 'أعد تحميل الصفحة لتنضم إليه.' },
};
