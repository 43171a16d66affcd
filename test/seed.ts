/** What properties and simulations draw from. Another one, by hand, looks for what this one does not find. */
export const seed = Number(process.env['TEST_SEED'] ?? 1);
