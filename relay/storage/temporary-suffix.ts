/** The end of the name of a file that is still being written; a crash can leave one behind. */
export const temporarySuffix = '.new';
