/** Epilogues, which process the finished sums of a linear layer; see linear.wgsl. */
export const epilogues = ['plain', 'rotary', 'swiglu', 'swigluBackward', 'accumulate'] as const;
export type Epilogue = (typeof epilogues)[number];

/** The number of an epilogue in a kernel's shape. */
export function epilogueNumber(epilogue: Epilogue): number {
  return epilogues.indexOf(epilogue);
}

/** The constants that linear.wgsl uses for epilogues: `rotaryEpilogue` and so on. */
export const epilogueConstants: Readonly<Record<string, number>> = Object.fromEntries(
  epilogues.map((name, number) => [`${name}Epilogue`, number]),
);
