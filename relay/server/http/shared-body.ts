/** A body of these bytes themselves, for many answers: any other kind of body is copied for each. */
export function sharedBody(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
}

/** `make` whose result is given again for so many milliseconds, and to all who ask while it is made. A failure is not. */
export function remembered<T>(
  make: () => Promise<T>,
  milliseconds: number,
  elapsed: () => number,
): () => Promise<T> {
  let latest: { readonly at: number; readonly made: Promise<T> } | null = null;
  return () => {
    const now = elapsed();
    if (latest !== null && now - latest.at < milliseconds) return latest.made;
    const making = { at: now, made: make() };
    latest = making;
    making.made.catch(() => {
      if (latest === making) latest = null;
    });
    return making.made;
  };
}
