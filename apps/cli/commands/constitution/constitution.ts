import { Command } from 'commander';
import { diffCommand } from './diff.ts';
import { fromVotesCommand } from './from-votes.ts';
import { signCommand } from './sign.ts';
import { verifyCommand } from './verify.ts';

/** `tapestry constitution`: principles that a derivative is trained by, and who answers for them. */
export function constitutionCommand(): Command {
  return new Command('constitution')
    .description(
      'Principles that a derivative is trained by, and who answers for them. docs/constitution.md shows each step.',
    )
    .addCommand(signCommand())
    .addCommand(verifyCommand())
    .addCommand(diffCommand())
    .addCommand(fromVotesCommand());
}
