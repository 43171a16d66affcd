import { report } from './report.ts';

// Deno and pages have WebGPU as `navigator.gpu`; the reader of the report awaits this value.
const isPage = typeof document !== 'undefined';
// Chromium has the compiler and the driver with which swiftshader.test.ts runs every variant.
const text = JSON.stringify(await report(navigator.gpu, isPage ? 'default variant' : 'every entry point'));
if (!isPage) console.log(text);
else document.documentElement.dataset['report'] = text;
