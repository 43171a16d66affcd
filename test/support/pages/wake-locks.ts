import type { Page } from 'playwright';

/** Gives a page wake locks of its own, since no screen is there to stay awake; tells how many it holds. */
export async function countedWakeLocks(page: Page): Promise<() => Promise<unknown>> {
  await page.evaluate(`
    window.held = new Set();
    navigator.wakeLock.request = async () => {
      const lock = { released: false, release: async () => void held.delete(lock) };
      held.add(lock);
      return lock;
    };
    0;`);
  return () => page.evaluate('held.size');
}
