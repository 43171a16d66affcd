import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Where the files are that take longest, the slowest first. */
const slow = [
  'test/platform/browser',
  'test/apps/pages/',
  'test/system/',
  'test/client/contribute/contributor',
  'test/apps/cli/',
  'test/platform/',
];

/**
 * Starts the test files that take longest first. One of minutes that starts last would run alone at the end, while the
 * other worker has nothing to do.
 */
export class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) => {
      const path = relative(process.cwd(), moduleId);
      const at = slow.findIndex((start) => path.startsWith(start));
      return at < 0 ? slow.length : at;
    };
    return (await super.sort(files)).sort((one, other) => place(one) - place(other));
  }
}
