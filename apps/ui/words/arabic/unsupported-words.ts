import type { Messages } from '../catalogue.ts';
import { isolated } from './grammar.ts';

/** What a browser that cannot train is told, in Arabic. */
export const unsupportedWords: Messages['unsupported'] = {
  'insecure-context': {
    heading: 'يحتاج WebGPU إلى عنوان آمن',
    why: `لا تتيح المتصفحات WebGPU إلا لعناوين ${isolated('https://')} وlocalhost، وقد حُمّلت هذه الصفحة عبر http عادي.`,
    steps: [
      `اطلب ممن يشغّل المرحّل أن يبدأه بالخيار ${isolated('--tls auto')}، وافتح عنوانه الذي يبدأ بـ ${isolated('https://')}.`,
      `إن كان المرحّل يعمل على هذا الجهاز، فافتح ${isolated('http://localhost')} بالمنفذ نفسه.`,
    ],
  },
  'no-webgpu': {
    heading: 'ليس في هذا المتصفح WebGPU',
    why: 'يجري التدريب على معالج الرسوميات لديك عبر WebGPU، وهذا المتصفح لا يتيحه.',
    steps: [
      'في Chrome وEdge ابتداءً من الإصدار 113 على Windows وmacOS وChromeOS، ومن الإصدار 121 على Android.',
      'في Safari ابتداءً من الإصدار 26 على macOS وiOS وiPadOS.',
      'في Firefox ابتداءً من الإصدار 141 على Windows، و145 على أجهزة Mac ذات شرائح Apple.',
      `على Linux افتح ${isolated('chrome://flags')} في Chrome، وفعّل «Unsafe WebGPU Support» و«Vulkan»، ثم أعد تشغيله.`,
    ],
  },
  'no-adapter': {
    heading: 'لم يجد المتصفح معالج رسوميات يمكنه استخدامه',
    why: 'في المتصفح WebGPU، لكنه لم يجد مهايئًا. ربما كان برنامج التشغيل ناقصًا أو مدرجًا في قائمة الحظر لدى المتصفح.',
    steps: [
      'حدّث برنامج تشغيل الرسوميات، وأعد تشغيل المتصفح، ثم أعد تحميل هذه الصفحة.',
      `في Chrome أو Edge انظر السبب في ${isolated('chrome://gpu')}؛ والخيار «Override software rendering list» في ${isolated('chrome://flags')} يرفع قائمة الحظر.`,
      'فعّل «استخدام تسريع الرسوميات عند توفره» في إعدادات المتصفح.',
    ],
  },
  watch: 'شاهد التدريب',
  watchWhy: 'يستطيع هذا الجهاز أن يشاهد كيف يتدرّب الآخرون، وأن يجرّب النموذج الأساسي الذي يصنعونه.',
  headless: 'يمكن لهذا الجهاز أن يشارك دون متصفح أيضًا، عبر Node أو Deno. ملف README يشرح كيف.',
  retry: 'افحص ثانيةً',
};
