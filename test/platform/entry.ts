import { compareStep } from './step.ts';

// Deno and pages have WebGPU as `navigator.gpu`; what reads the result waits for it here.
const errors = [await compareStep(navigator.gpu, true), await compareStep(navigator.gpu, false)];
if (typeof document === 'undefined') console.log(JSON.stringify(errors));
else document.documentElement.dataset['errors'] = JSON.stringify(errors);
