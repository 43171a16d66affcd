import { Argument } from 'commander';
import { Command } from '../../command.ts';
import { bashScript, fishScript, type Place, placesOf, zshScript } from '../../completion/scripts.ts';
import { withExamples } from '../../options.ts';
import { streams } from '../../terminal/streams.ts';

const scripts: Readonly<Record<string, (places: readonly Place[]) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** `whole` gives the command `tapestry` with all options of all commands. */
export function completionCommand(whole: () => Promise<Command>): Command {
  const command = new Command('completion')
    .description('Print the script with which a shell completes the commands and options of tapestry.')
    .addArgument(new Argument('<shell>', 'the shell that you use').choices(Object.keys(scripts)))
    .action(async (shell: string) => {
      streams.write('stdout', scripts[shell]?.(placesOf(await whole())) ?? '');
    });
  return withExamples(command, [
    'tapestry completion bash > ~/.local/share/bash-completion/completions/tapestry',
    'tapestry completion zsh > ~/.zfunc/_tapestry',
    'tapestry completion fish > ~/.config/fish/completions/tapestry.fish',
  ]);
}
