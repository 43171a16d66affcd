/** The newest messages of each type other than chunks that are stored. */
export const storedOfType = 16;

/** Bytes of the newest chunks that are stored: a dense delta of 16 million parameters. */
export const storedChunkBytes = 2 ** 24;
