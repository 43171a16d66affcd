/** Why a contribution counts for fewer tokens than it claims, in the words of the journal. */
export const reasons = ['too-fast', 'short', 'copy', 'worse', 'distrusted', 'unproven'] as const;
export type Reason = (typeof reasons)[number];
