import { relative } from 'node:path';
import type { Reporter, TestModule } from 'vitest/node';

const shown = 10;

/** Prints the test files that took longest, to show where the suite's time goes. */
export default class SlowestFiles implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const times = modules.map((module) => {
      const { collectDuration, setupDuration, duration } = module.diagnostic();
      return {
        file: relative(process.cwd(), module.moduleId),
        ms: collectDuration + setupDuration + duration,
      };
    });
    const slowest = times.sort((one, other) => other.ms - one.ms).slice(0, shown);
    const lines = slowest.map(({ file, ms }) => `${(ms / 1000).toFixed(1).padStart(8)} s  ${file}`);
    if (times.length > 1) process.stdout.write(`\nSlowest files:\n${lines.join('\n')}\n`);
  }
}
