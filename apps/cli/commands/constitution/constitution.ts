import { Command } from '../../command.ts';
import { answersCommand } from './answers.ts';
import { critiqueCommand } from './critique.ts';
import { diffCommand } from './diff.ts';
import { examplesCommand } from './examples.ts';
import { fromVotesCommand } from './from-votes.ts';
import { labelCommand } from './label.ts';
import { promptsCommand } from './prompts.ts';
import { proposeCommand } from './propose.ts';
import { reviseCommand } from './revise.ts';
import { signCommand } from './sign.ts';
import { verifyCommand } from './verify.ts';

/** `tapestry constitution`: principles that a derivative is trained by, and who answers for them. */
export function constitutionCommand(): Command {
  const command = new Command('constitution').description(
    'Principles that a derivative is trained by, and who answers for them. docs/constitution.md shows each step.',
  );
  for (const subcommand of [
    signCommand(),
    verifyCommand(),
    diffCommand(),
    fromVotesCommand(),
    proposeCommand(),
    examplesCommand(),
    promptsCommand(),
    answersCommand(),
    critiqueCommand(),
    reviseCommand(),
    labelCommand(),
  ])
    command.addCommand(subcommand);
  return command;
}
