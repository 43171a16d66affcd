import { runCommandLine } from './command-line.ts';
import { joinCommand } from './join.ts';

/** `tapestry join` on its own: the small program that Node and Deno both run. */
const code = await runCommandLine(joinCommand(), process.argv.slice(2));

// Dawn and Deno's WebGPU keep a process alive that has nothing more to do.
process.exit(code);
