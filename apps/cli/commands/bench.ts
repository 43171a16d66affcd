import { Command } from '../command.ts';
import { tuneCommand } from './bench-tune.ts';

/** `tapestry bench`: measurements of this machine's adapter. */
export function benchCommand(): Command {
  return new Command('bench')
    .description("Measures this machine's adapter. Whole training steps are measured by `npm run bench`.")
    .addCommand(tuneCommand());
}
