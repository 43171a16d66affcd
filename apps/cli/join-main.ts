import { runCommandLine } from './command-line.ts';
import { joinCommand } from './commands/join.ts';

/** `tapestry join` alone: the small program that Node and Deno both run. */
const code = await runCommandLine(joinCommand(), process.argv.slice(2));

// Dawn and Deno's WebGPU keep an idle process alive.
process.exit(code);
