/** A problem from which the node recovered by itself, or a note. Several of one kind are one notice, which counts them. */
export interface Notice {
  /** The kind of problem; for a file, with its text. */
  readonly kind: string;
  readonly tone: 'note' | 'warn' | 'bad';
  readonly text: string;
  readonly next: string | null;
  readonly times: number;
}

/** The most notices at a time; the oldest leaves first. */
const mostNotices = 4;

/** The notices with one more. A notice of the same kind moves to the end, takes the newer text and counts on. */
export function addNotice(notices: readonly Notice[], notice: Omit<Notice, 'times'>): readonly Notice[] {
  const before = notices.find(({ kind }) => kind === notice.kind);
  const others = notices.filter((other) => other !== before);
  return [...others, { ...notice, times: (before?.times ?? 0) + 1 }].slice(-mostNotices);
}

/** The notices without those of these kinds, whose cause has ended. */
export function endNotices(notices: readonly Notice[], kinds: readonly string[]): readonly Notice[] {
  return notices.filter(({ kind }) => !kinds.includes(kind));
}
