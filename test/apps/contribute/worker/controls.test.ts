import { expect, test } from 'vitest';
import { Controls } from '../../../../apps/contribute/worker/controls.ts';

function recording() {
  const done: string[] = [];
  const contributor = {
    pause: () => void done.push('pause'),
    resume: () => void done.push('resume'),
    finish: () => void done.push('finish'),
    storeSoon: () => void done.push('store soon'),
    retryNow: () => void done.push('retry now'),
    setPower: (power: number) => void done.push(`power ${power}`),
  };
  return { done, contributor };
}

test('buttons pressed while the text loads apply once there is a contributor', () => {
  const controls = new Controls();
  controls.begin();
  controls.setPower(0.3);
  controls.setPower(0.5);
  controls.pause();
  const { done, contributor } = recording();
  controls.attach(contributor);
  expect(done).toEqual(['power 0.5', 'pause']);
  controls.resume();
  controls.finish();
  expect(done.slice(2)).toEqual(['resume', 'finish']);
});

test('a pause that was undone is not applied, but a finish is', () => {
  const controls = new Controls();
  controls.begin();
  controls.pause();
  controls.resume();
  controls.finish();
  const { done, contributor } = recording();
  controls.attach(contributor);
  expect(done).toEqual(['finish']);
});

test('a run does not inherit the buttons pressed for the run before', () => {
  const controls = new Controls();
  controls.begin();
  controls.attach(recording().contributor);
  controls.finish();
  controls.begin();
  const { done, contributor } = recording();
  controls.attach(contributor);
  expect(done).toEqual([]);
});
