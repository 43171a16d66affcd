/** A page that only makes derivatives: it imports all of them, and no network. */
export { browserRuntime } from '../../client/host/browser/runtime.ts';
export const derivatives = import.meta.glob('../../client/derive/**/*.ts', { eager: true });
