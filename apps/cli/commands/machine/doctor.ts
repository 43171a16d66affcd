import * as v from 'valibot';
import { clock } from '../../../../client/clock.ts';
import { TapestryError } from '../../../../client/errors.ts';
import type { Device } from '../../../../client/gpu/device.ts';
import { cachedKernels } from '../../../../client/host/cache.ts';
import { fetchPinnedTo } from '../../../../client/host/node/network.ts';
import { firstBytes, RelayHttp } from '../../../../client/relay-http.ts';
import { measureCost } from '../../../../client/train/choose-preset.ts';
import { statusSnapshotSchema } from '../../../../relay/wire/status.ts';
import { Command } from '../../command.ts';
import { type Check, checkLines, ok, problem } from '../../doctor/check.ts';
import { checkAdapter, checkDisk, checkNode, checkPort } from '../../doctor/machine.ts';
import { checkClock, checkPace } from '../../doctor/relay.ts';
import { environment } from '../../environment.ts';
import { exit } from '../../exit-codes.ts';
import { dataOption, whole, withExamples, withJson } from '../../options.ts';
import { fingerprintOf } from '../../run/fingerprint.ts';
import { relayAddress } from '../../run/relay-address.ts';
import { Output } from '../../terminal/output.ts';

interface DoctorFlags {
  readonly data: string;
  readonly port: number;
  readonly fingerprint?: string;
  readonly json: boolean;
}

/** A relay that says nothing for this long is not there. */
const answerMilliseconds = 10_000;
const maxStatusBytes = 2 ** 22;

/** Windows a step, and steps, of the measurement: a few seconds on a processor. */
const measured = { batch: 4, steps: 2 } as const;

export function doctorCommand(): Command {
  const command = new Command('doctor')
    .description(
      'Look at what a node needs: Node, adapter, driver, disk and port; with the address of a relay also whether it can be ' +
        'reached, the clock, and whether this machine finishes a round in time. It changes nothing.',
    )
    .argument('[relay]', 'the address or link of a relay to join (TAPESTRY_RELAY)')
    .addOption(dataOption('node', 'the folder that the node would use'))
    .option('--port <number>', 'the port that a relay would use', whole(1, 65_535), 8765)
    .option('--fingerprint <sha256>', 'trust the relay whose certificate has this SHA-256', fingerprintOf)
    .action(examine);
  return withExamples(withJson(command), ['tapestry doctor', 'tapestry doctor https://relay.example --json']);
}

async function examine(argument: string | undefined, flags: DoctorFlags): Promise<void> {
  const output = new Output(flags.json);
  const address = argument ?? environment('TAPESTRY_RELAY');
  const link = address === undefined ? null : relayAddress(address, flags.fingerprint);
  const { device, checks: adapter } = await checkAdapter();
  try {
    const checks = [
      checkNode(process.versions.node),
      ...adapter,
      await checkDisk(flags.data),
      await checkPort(flags.port),
      ...(link === null ? [] : await checkRelay(link.url, link.fingerprint, device, output)),
    ];
    output.result({ event: 'doctor', checks }, checkLines(checks).join('\n'));
    process.exitCode = exitCode(checks);
  } finally {
    device?.close();
  }
}

async function checkRelay(
  url: URL,
  fingerprint: string | undefined,
  device: Device | null,
  output: Output,
): Promise<Check[]> {
  const http = new RelayHttp({ fetch: fetchPinnedTo(fingerprint) }, clock, url);
  const unreachable = (why: string, next: string) => [problem('relay', `${url.href}: ${why}`, next)];
  try {
    const signal = AbortSignal.timeout(answerMilliseconds);
    const { status: code, headers, pieces } = await http.get('api/status', { most: maxStatusBytes, signal });
    const text = new TextDecoder().decode(await firstBytes(pieces, maxStatusBytes));
    if (code !== 200)
      return unreachable(`HTTP status ${code}`, 'Check the address, and the proxy before the relay.');
    const status = v.parse(statusSnapshotSchema, JSON.parse(text));
    output.progress({ event: 'measuring' }, 'Measuring how fast this machine trains …');
    const cost =
      device === null
        ? null
        : await measureCost(device, measured.batch, measured.steps, cachedKernels(device));
    return [
      ok(
        'relay',
        `${url.href} serves "${status.run.name}", round ${status.round.number} of ${status.run.rounds}`,
      ),
      checkClock(headers.get('date'), Date.now()),
      checkPace(cost, status),
    ];
  } catch (error) {
    if (error instanceof TapestryError) return unreachable(error.message, error.next);
    if (!(error instanceof Error)) throw error;
    return unreachable(error.message, 'Check the address, and that the relay runs and has this version.');
  }
}

/** That of the first problem, in the order of what a node needs. */
function exitCode(checks: readonly Check[]): number {
  const worst = checks.find(({ state }) => state === 'problem');
  if (worst === undefined) return exit.done;
  if (worst.name === 'adapter') return exit.noAdapter;
  return worst.name === 'relay' ? exit.relay : exit.failed;
}
