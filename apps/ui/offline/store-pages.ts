/** Stores the pages of this server in the browser, so that they open without it; false where the browser does not store them. */
export async function storePages(): Promise<boolean> {
  try {
    const workers: ServiceWorkerContainer | undefined = navigator.serviceWorker;
    if (workers === undefined) return false;
    await workers.register('./offline.js');
    await workers.ready;
    return true;
  } catch {
    // Browsers refuse it on an address that is not secure, and with a certificate that they do not know.
    return false;
  }
}

/** Removes what `storePages` stored. */
export async function forgetPages(): Promise<void> {
  const workers: ServiceWorkerContainer | undefined = navigator.serviceWorker;
  if (workers === undefined) return;
  await (await workers.getRegistration('./'))?.unregister();
  // The name that service-worker.ts, which can share no code, gives to its cache.
  await caches.delete('tapestry-offline');
}
