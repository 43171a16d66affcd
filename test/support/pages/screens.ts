/** A phone, a tablet, a laptop and a desktop, in CSS pixels. */
export const screens = [
  [390, 844],
  [768, 1024],
  [1366, 768],
  [1920, 1080],
] as const;
