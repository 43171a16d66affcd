/** A page that only trains: it imports the runtime and all of training, but no network. */
export { browserRuntime } from '../../client/host/browser/runtime.ts';
export type { Runtime } from '../../client/runtime.ts';
export const training = import.meta.glob(['../../client/train/*.ts', '../../client/train/loop/*.ts'], {
  eager: true,
});
