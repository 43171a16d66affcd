// What the tests of a page and of Deno import from the built module. Both have WebGPU as `navigator.gpu`.
export { AdapterSeat } from './moves.ts';
export { report } from './report.ts';
