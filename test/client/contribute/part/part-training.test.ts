import { afterEach, describe, expect, test } from 'vitest';
import type { ContributorEvent } from '../../../../client/contribute/events.ts';
import { grantedPart } from '../../../../client/contribute/part/granted.ts';
import { returned } from '../../../../client/contribute/round/error-feedback.ts';
import type { RoundWork } from '../../../../client/contribute/round/round-work.ts';
import { nodeGpu } from '../../../../client/host/node/runtime.ts';
import { initialParameters } from '../../../../client/model/parameters.ts';
import { tinyTerms } from '../../../support/contribute/harness.ts';
import { type FileMap, RoundNode } from '../../../support/contribute/round-node.ts';
import { tinyUpper, upperTerms } from '../../../support/contribute/upper-terms.ts';
import { withoutRoomFor } from '../../../support/watch-devices.ts';

const { config, layout, codec, run } = upperTerms;
const { from } = tinyUpper;
const bases = [1, 2, 3, 4].map((seed) => initialParameters(config, layout, seed));
const steps = 6;

/** A clock that moves with each reading, so that the steps of a round last some seconds. */
function ticking() {
  let now = 0;
  return {
    now: () => {
      now += 500;
      return now;
    },
    sleep: async () => undefined,
  };
}

const nodes: RoundNode[] = [];
afterEach(() => {
  for (const node of nodes.splice(0)) node.close();
});

function open(options: Partial<ConstructorParameters<typeof RoundNode>[0]> = {}): RoundNode {
  const node = new RoundNode({ runtime: ticking(), ...options });
  nodes.push(node);
  return node;
}

/** The contribution to a round. */
async function made(node: RoundNode, work: RoundWork, round: number) {
  const contribution = await node.train(
    work,
    round,
    bases[round - 1] ?? bases[0] ?? new Float32Array(),
    steps,
  );
  if (contribution === null) throw new Error('nothing was contributed');
  return contribution;
}

const below = (values: Float32Array) => values.subarray(0, from);
const above = (values: Float32Array) => values.subarray(from);

describe('a node that trains the upper layers', () => {
  test('sends their delta alone, and says so', async () => {
    const node = open();
    const work = await node.start(upperTerms);
    await work.take('upper');
    const { part, payloadBytes, bytes, residual } = await made(node, work, 1);
    expect(part).toBe('upper');
    expect(payloadBytes).toBe(codec.payloadBytes(tinyUpper.length));
    expect(node.all('contribution')).toMatchObject([{ part: 'upper', payloadBytes }]);
    const sent = new Float32Array(tinyUpper.length);
    codec.decode(bytes, sent.length, (index, integer) => {
      sent[index] = integer * codec.unit;
    });
    expect(sent.filter((value) => value !== 0).length).toBeGreaterThan(sent.length / 2);
    expect(below(residual).every((value) => value === 0)).toBe(true);
  });

  test('retains their moments when it leaves the whole model, and begins anew when it goes back', async () => {
    const node = open();
    const work = await node.start(upperTerms);
    await made(node, work, 1);
    work.settle();
    const { state: whole } = work.training.start;
    await work.take('upper');
    const { state: upper } = work.training.start;
    expect(upper.firstMoment).toEqual(above(whole.firstMoment));
    expect(upper.secondMoment).toEqual(above(whole.secondMoment));
    expect([upper.step, upper.scaling]).toEqual([whole.step, whole.scaling]);
    await made(node, work, 2);
    work.settle();
    expect(work.training.start.state.step).toBe(2 * steps);
    expect(work.training.start.state.firstMoment).toHaveLength(tinyUpper.length);
    await work.take('whole');
    const { state: fresh } = work.training.start;
    expect(fresh.step).toBe(0);
    expect(fresh.firstMoment).toEqual(new Float32Array(layout.length));
    expect(work.training.presence).toEqual({ round: null, joinedAt: 0 });
    expect((await made(node, work, 3)).part).toBe('whole');
    // As a node that joins late, it begins with a low rate.
    expect(work.training.presence).toEqual({ round: 3, joinedAt: 0 });
  });

  test('leaves what waits for the layers below as it is, and sends it with the next delta of the whole model', async () => {
    const node = open();
    const work = await node.start(upperTerms);
    const first = await made(node, work, 1);
    work.settle();
    const waiting = below(first.residual);
    expect(waiting.some((value) => value !== 0)).toBe(true);
    await work.take('upper');
    const second = await made(node, work, 2);
    expect(below(second.residual)).toEqual(waiting);
    work.discard();
    await work.take('whole');
    await made(node, work, 3);
    const lost = { payload: second.bytes, residual: tinyUpper.of(second.residual) };
    const before = tinyUpper.into(second.residual, returned(lost, codec));
    expect(below(before)).toEqual(waiting);
    expect((await node.store.load(upperTerms))?.state.residual).toEqual(before);
  });

  test('goes on with them after a restart, to the same bits', async () => {
    const node = open();
    const work = await node.start(upperTerms);
    await work.take('upper');
    await made(node, work, 1);
    work.settle();
    const files: FileMap = new Map(node.files);
    const wanted = await made(node, work, 2);
    const again = open({ files });
    const resumed = await again.start(upperTerms);
    expect(resumed.parts.granted).toMatchObject({ part: 'upper', granted: { fitsWhole: true } });
    resumed.settle();
    expect(await made(again, resumed, 2)).toEqual(wanted);
  });

  test('loses no step of a round when its process is killed, and ends that round as it began it', async () => {
    let files: FileMap = new Map();
    let step = 0;
    const node = open({
      runtime: {
        ...ticking(),
        now: (
          (at) => () =>
            (at += 3000)
        )(0),
      },
      onEvent: (event: ContributorEvent) => {
        if (event.event === 'snapshot' && event.round === 2 && step === 0) {
          files = new Map(node.files);
          step = event.step;
        }
      },
    });
    const work = await node.start(upperTerms);
    await work.take('upper');
    await made(node, work, 1);
    work.settle();
    const wanted = await made(node, work, 2);
    expect(step).toBeGreaterThan(0);
    const again = open({ files });
    const resumed = await again.start(upperTerms);
    expect(resumed.training.part).toBe('upper');
    // The session may choose the whole model before the round goes on.
    await resumed.take('whole');
    expect(await made(again, resumed, 2)).toEqual(wanted);
    expect(again.all('round-resumed')).toMatchObject([{ round: 2, step }]);
    await resumed.take('whole');
    expect(resumed.training.part).toBe('whole');
  });

  test('measures its held-out loss of the whole base', async () => {
    const [node, other] = [open(), open()];
    const [upper, whole] = [await node.start(upperTerms), await other.start(upperTerms)];
    await upper.take('upper');
    await made(node, upper, 1);
    await made(other, whole, 1);
    expect(node.all('round')).toEqual(other.all('round'));
    for (const base of bases)
      expect(await upper.training.heldOutLoss(base)).toBe(await whole.training.heldOutLoss(base));
  });
});

describe('a device that lacks the memory to train the whole model', () => {
  const small = async () => withoutRoomFor(await nodeGpu(), 4 * layout.length);

  test('trains the upper layers, and stays with them', async () => {
    const gpu = await small();
    const node = open({ runtime: { ...ticking(), gpu: async () => gpu } });
    const work = await node.start(upperTerms);
    const wanted = { part: 'upper', granted: { fitsWhole: false, layers: 1, of: 2 } };
    expect(work.parts.granted).toMatchObject(wanted);
    expect(work.parts.granted?.granted.trainingBytes).toBeGreaterThan(4 * layout.length);
    await work.take('whole');
    expect(work.parts.granted).toMatchObject(wanted);
    expect((await made(node, work, 1)).part).toBe('upper');
  });

  test('continues with them what it trained of the whole model elsewhere', async () => {
    const before = open();
    const first = await before.start(upperTerms);
    await made(before, first, 1);
    const gpu = await small();
    const node = open({ files: before.files, runtime: { ...ticking(), gpu: async () => gpu } });
    const work = await node.start(upperTerms);
    const { firstMoment } = first.training.start.state;
    expect(work.training.start.state.firstMoment).toEqual(above(firstMoment));
    work.settle();
    expect((await made(node, work, 2)).part).toBe('upper');
  });

  test('is refused in a run that grants no part', async () => {
    const gpu = await small();
    const node = open({ runtime: { ...ticking(), gpu: async () => gpu } });
    await expect(node.start({ ...upperTerms, fragments: tinyTerms.fragments })).rejects.toMatchObject({
      code: 'device.too-small',
    });
  });
});

test('the whole model takes as many times the work and the bytes as its layers say', () => {
  const memory = { fitsWhole: true, trainingBytes: 1 };
  const granted = grantedPart(upperTerms, memory);
  expect(granted).toMatchObject({ layers: 1, of: 2, isTimed: false, ...memory });
  expect(granted?.uploadRatio).toBeCloseTo(layout.length / tinyUpper.length, 1);
  // The forward pass is whole and a third of the work, so the ratio is below 3, and with a tied head of most values far below.
  expect(granted?.trainingRatio).toBeGreaterThan(1.2);
  expect(granted?.trainingRatio).toBeLessThan(2);
  expect(grantedPart({ ...upperTerms, fragments: tinyTerms.fragments }, memory)).toBeNull();
  expect(run).toBe(tinyTerms.run);
});
