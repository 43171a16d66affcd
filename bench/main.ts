import { runCommandLine } from '../apps/cli/command-line.ts';
import { program } from './program.ts';

process.exitCode = await runCommandLine(program, process.argv.slice(2));
