import type { Messages } from '../catalogue.ts';
import { isolated, nodesOf, parametersOf, plural, roundsOf, stepsOf } from './grammar.ts';

/** Every text of the dashboard, in Arabic. */
export const dashboardWords: Messages['dashboard'] = {
  description: 'تدريب من Tapestry أثناء حدوثه: العقد والجولات والخسارة.',
  title: 'لوحة المتابعة – Tapestry',
  fullScreen: 'ملء الشاشة',
  leaveFullScreen: 'غادر ملء الشاشة',
  facts: (parameters, rounds, steps) =>
    `نموذج من ${parametersOf(parameters)} · تدريب من ${roundsOf(rounds)}، كل منها من ${stepsOf(steps)}`,
  upper: (layers, of) => `يمكن للأجهزة البطيئة أن تدرّب الطبقات العليا وحدها (${layers} من ${of})`,
  upstream: {
    following: (round) => (round === 0 ? 'يتبع مرحّلًا أعلى' : `نموذج أساسي من مرحّل أعلى، بعد جولته ${round}`),
    alone: (round) =>
      round === 0 ? 'يعمل دون مرحّله الأعلى' : `يعمل دون مرحّله الأعلى منذ النموذج الأساسي لجولته ${round}`,
  },
  round: 'الجولة',
  ofRounds: (rounds) => `من ${rounds}`,
  phases: {
    waiting: 'ينتظر العقد',
    training: 'تدريب',
    grace: 'آخر المساهمات',
    complete: 'مكتمل',
  },
  waitingFor: (nodes, quorum) => `${nodes} من أصل ${nodesOf(quorum)} مطلوبة`,
  contributions: 'المساهمات',
  ofTarget: (target) => `من ${target}`,
  timeLeft: 'الوقت الباقي',
  completeHeading: (done, rounds) =>
    done === rounds
      ? plural(rounds, {
          zero: 'اكتمل التدريب',
          one: 'اكتملت الجولة',
          two: 'اكتملت الجولتان',
          few: 'اكتملت الجولات كلها، وعددها #',
          many: 'اكتملت الجولات كلها، وعددها #',
          other: 'اكتملت الجولات كلها، وعددها #',
        })
      : `انتهى التدريب بعد ${done} من أصل ${roundsOf(rounds)}`,
  completeLoss: (from, to) => `الخسارة على النص المحجوز ${from} ← ${to}، كما تبلّغ عنها العقد`,
  completeProbe: (loss) => `الخسارة ${loss}، بقياس المرحّل`,
  nodes: 'العقد',
  noNodes: 'لم تنضم أي عقدة بعد. تظهر العقد هنا حين تنضم.',
  nodesGone: 'غادرت كل العقد.',
  showAll: (count) =>
    plural(count, {
      zero: 'أظهر الكل (#)',
      one: 'أظهر الكل (#)',
      two: 'أظهر الكل (#)',
      few: 'أظهر الكل (#)',
      many: 'أظهر الكل (#)',
      other: 'أظهر الكل (#)',
    }),
  showFewer: 'أظهر أقل',
  lossShort: 'الخسارة',
  reported: 'الخسائر والخطوات والرموز والسرعات والتنزيلات كما تبلّغ عنها العقد.',
  rate: (tokens) => `${tokens}/ث`,
  nodeSteps: (done, steps) => `الخطوة ${done} من ${steps}`,
  nodeUpper: 'تدرّب الطبقات العليا',
  nodeMoved: (sent, received) => `أُرسل ${isolated(sent)}، واستُلم ${isolated(received)}`,
  totals: 'معًا',
  tokens: 'الرموز',
  tokensPerSecond: 'الرموز في الثانية كما أُبلغ عنها',
  accepted: 'المساهمات المقبولة',
  moved: 'البايتات المنقولة',
  less: (times) => `أقل ${isolated(times)} من التدريب المتوازي على البيانات`,
  dataParallel: (bytes) => `تبادل التدرّجات عند كل خطوة كان سينقل ${bytes}.`,
  base: 'النموذج الأساسي',
  baseFile: (size) => `${size} من أعداد الفاصلة العائمة ذات 32 بت`,
  verify: 'كل من يحق له قراءة المساهمات يستطيع أن يعيد اشتقاق هذا النموذج الأساسي، بتًا ببت:',
  audit: 'دقّق في هذا المتصفح',
  sample: 'نص يكتبه النموذج الأساسي',
  sampleRound: (round) => (round === 0 ? 'قبل الجولة الأولى' : `بعد الجولة ${round}`),
  noSample: 'يظهر هنا النص الذي يكتبه النموذج بعد الجولات الأولى.',
  join: 'انضم',
  joinHow: 'امسح الرمز، أو افتح في متصفح فيه WebGPU:',
  joinSteps: ['امسح الرمز أو افتح العنوان', 'اختر نصًا: يبقى على جهازك', 'اضغط «ابدأ»'],
  certificate: 'شهادة المرحّل في أربع كلمات تظهر أيضًا في طرفيته:',
  joinClosed: 'اكتمل هذا التدريب. يقدّم المرحّل نموذجه الأساسي تحت بصمته.',
  qr: (address) => `رمز QR للعنوان ${isolated(address)}`,
  localOnly: `يعمل هذا العنوان على هذا الجهاز وحده. للأجهزة الأخرى شغّل المرحّل بالخيارات ${isolated('--host 0.0.0.0 --tls auto')}.`,
  insecure: `تحتاج المتصفحات على الأجهزة الأخرى إلى https لاستخدام WebGPU. شغّل المرحّل بالخيار ${isolated('--tls auto')}.`,
};
