import { report } from './report.ts';

// Deno and pages have WebGPU as `navigator.gpu`; what reads the report waits for it here.
const text = JSON.stringify(await report(navigator.gpu));
if (typeof document === 'undefined') console.log(text);
else document.documentElement.dataset['report'] = text;
