/** The seed of properties and simulations. Set another one by hand to search for further failures. */
export const seed = Number(process.env['TEST_SEED'] ?? 1);
