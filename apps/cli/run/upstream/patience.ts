/** A run goes on alone once its upstream relay is gone for so long, in milliseconds: one that restarts is back before. */
export const usualPatience = 30_000;
