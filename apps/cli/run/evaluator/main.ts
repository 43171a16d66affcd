import { runCommandLine } from '../../command-line.ts';
import { evaluateCommand } from '../../commands/evaluate.ts';

/** `tapestry evaluate` alone: the small program that Node and Deno both run. */
const code = await runCommandLine(evaluateCommand(), process.argv.slice(2));

// Dawn and Deno's WebGPU keep an idle process alive.
process.exit(code);
