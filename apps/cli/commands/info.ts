import { resolve } from 'node:path';
import * as v from 'valibot';
import { clock } from '../../../client/clock.ts';
import { TapestryError } from '../../../client/errors.ts';
import { type Device, openDevice } from '../../../client/gpu/device.ts';
import { fetchPinnedTo } from '../../../client/host/node/network.ts';
import { nodeGpu } from '../../../client/host/node/runtime.ts';
import { type PresetName, presetNames, presets } from '../../../client/model/config.ts';
import { layoutOf } from '../../../client/model/parameters.ts';
import { RelayHttp } from '../../../client/relay-http.ts';
import { predictMemory } from '../../../client/train/memory.ts';
import { fingerprintWords } from '../../../relay/wire/certificate/fingerprint-words.ts';
import { type RelayStatus, statusHistorySchema, statusSnapshotSchema } from '../../../relay/wire/status.ts';
import { Command } from '../command.ts';
import { dataFolder } from '../files/data-folder.ts';
import { describeModel, isOnDisk } from '../model/describe-model.ts';
import { withExamples, withJson } from '../options.ts';
import { fingerprintOf } from '../run/fingerprint.ts';
import { defaultBatch, inner } from '../run/new-run.ts';
import { relayAddress } from '../run/relay-address.ts';
import { Output } from '../terminal/output.ts';
import { bytes, quantity, statusTable } from '../terminal/table.ts';
import { terminalText } from '../terminal/terminal-text.ts';
import { version } from '../version.ts';

/** A relay that says nothing for this long is not there. */
const answerMilliseconds = 10_000;

/** A status is longer for more nodes; this is enough for thousands. */
const maxStatusBytes = 2 ** 22;

export function infoCommand(): Command {
  const command = new Command('info')
    .description(
      'Versions, the WebGPU adapter and the presets of this machine; with an address, the status of a run; with a folder, what model it holds.',
    )
    .argument('[place]', "a relay's address, such as http://localhost:8765, or a model's folder or GGUF file")
    .option('--fingerprint <sha256>', 'trust the relay whose certificate has this SHA-256', fingerprintOf)
    .action(async (place: string | undefined, flags: { json: boolean; fingerprint?: string }) => {
      const output = new Output(flags.json);
      if (place === undefined) return showMachine(output);
      if (!(await isOnDisk(place))) return showRelay(place, flags.fingerprint, output);
      const { fact, text } = await describeModel(place);
      return output.result(fact, text);
    });
  return withExamples(withJson(command), [
    'tapestry info',
    'tapestry info http://localhost:8765 --json',
    'tapestry info my-model',
  ]);
}

async function showMachine(output: Output): Promise<void> {
  const device = await openedAdapter();
  const adapter = device?.name ?? null;
  const sizes = presetNames.map((name) => ({
    name,
    parameters: layoutOf(presets[name]).trained,
    ...presets[name],
    trainingBytes: device && trainingBytes(device, name),
  }));
  const data = resolve(dataFolder());
  const lines = [
    `tapestry ${version}, Node ${process.versions.node}, ${process.platform} ${process.arch}`,
    `adapter: ${adapter ?? 'none; run "npm run setup" to find or install one'}`,
    `data: ${data}`,
    'presets:',
    ...sizes.map(
      (size) =>
        `  ${size.name.padEnd(6)} ${quantity(size.parameters).padStart(6)} parameters, ${size.layers} layers of ${size.dimension}, context ${size.contextLength}${device ? `, ${needs(size)}` : ''}`,
    ),
  ];
  output.result(
    { event: 'info', version, node: process.versions.node, adapter, data, presets: sizes },
    lines.join('\n'),
  );
}

function needs({ name, trainingBytes }: { name: PresetName; trainingBytes: number | null }): string {
  if (trainingBytes === null) return `${defaultBatch(name)} windows a step do not fit`;
  return `${bytes(trainingBytes)} to train`;
}

/** Bytes that training takes on the adapter, with a run's usual windows a step; null where the adapter cannot bind so many. */
function trainingBytes(device: Device, name: PresetName): number | null {
  const shape = { batch: defaultBatch(name), sequence: presets[name].contextLength };
  try {
    return predictMemory(device, presets[name], shape, inner).bytes;
  } catch (error) {
    if (error instanceof TapestryError && error.code === 'device.too-small') return null;
    throw error;
  }
}

/** The machine's adapter, closed again: only its name and limits are asked for. */
async function openedAdapter(): Promise<Device | null> {
  try {
    const device = await openDevice(await nodeGpu());
    device.close();
    return device;
  } catch (error) {
    if (error instanceof TapestryError && error.code === 'adapter.missing') return null;
    throw error;
  }
}

async function showRelay(address: string, fingerprint: string | undefined, output: Output): Promise<void> {
  const { url, fingerprint: pinned } = relayAddress(address, fingerprint);
  const status = await relayStatus(url, pinned);
  const certificate = pinned === undefined ? [] : [`certificate: ${fingerprintWords(pinned)}`];
  output.result(
    { event: 'status', ...status },
    [terminalText(status.run.name), ...certificate, ...statusTable(status, Date.now())].join('\n'),
  );
}

/** The status that a relay gives. Throws `relay.unreachable`, `relay.tls` or `relay.not-a-relay`. */
async function relayStatus(url: URL, fingerprint: string | undefined): Promise<RelayStatus> {
  const http = new RelayHttp({ fetch: fetchPinnedTo(fingerprint) }, clock, url);
  const signal = AbortSignal.timeout(answerMilliseconds);
  const ask = async (path: string): Promise<unknown> =>
    JSON.parse(new TextDecoder().decode(await http.read(path, { most: maxStatusBytes, signal })));
  let answers: unknown[];
  try {
    answers = [await ask('api/status'), await ask('api/history')];
  } catch (cause) {
    if (cause instanceof TapestryError) throw cause;
    const why = cause instanceof Error ? cause.message : cause;
    throw new TapestryError(
      'relay.unreachable',
      `${url.href} does not answer as a relay: ${why}.`,
      'Check the address, and that the relay runs; it looks like http://localhost:8765.',
      { cause },
    );
  }
  const parsed = v.safeParse(v.tuple([statusSnapshotSchema, statusHistorySchema]), answers, {
    abortEarly: true,
  });
  if (parsed.success) {
    const [{ sequence: _, ...facts }, { history }] = parsed.output;
    return { ...facts, history };
  }
  throw new TapestryError(
    'relay.not-a-relay',
    `${url.href} answers, but not as a relay of this version: ${parsed.issues[0].message}.`,
    'Check the address, and that both sides have the same version.',
  );
}
