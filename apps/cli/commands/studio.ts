import { Command } from '../command.ts';
import { whole, withExamples, withJson } from '../options.ts';
import { studioFolder } from '../program.ts';
import { serveStudio } from '../studio/server.ts';
import { Interrupt } from '../terminal/interrupt.ts';
import { Output } from '../terminal/output.ts';

interface StudioFlags {
  readonly port: number;
  readonly json: boolean;
}

export function studioCommand(): Command {
  const command = new Command('studio')
    .description(
      'Open a page that makes derivatives in the browser, from this machine alone: base, data, recipe, training and ' +
        'comparing. The page can connect to nothing, and opens without this command once it was opened.',
    )
    .option(
      '--port <number>',
      'where to serve the page on this machine; 0 takes any free port',
      whole(0, 65_535),
      4500,
    )
    .action(runStudio);
  return withExamples(withJson(command), ['tapestry studio', 'tapestry studio --port 0 --json | jq -r .url']);
}

async function runStudio({ port, json }: StudioFlags): Promise<void> {
  const output = new Output(json);
  const { url, close } = await serveStudio(studioFolder(), port);
  output.result(
    { event: 'studio', url },
    `The studio is at ${url} (Ctrl-C ends this server; the page works on without it).`,
  );
  await new Interrupt(output, 'Stopping.').heard;
  close();
}
