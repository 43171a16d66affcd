/** Set-up speaks on stderr: stdout belongs to the command that follows. */

/** @param {string} line */
export function say(line) {
  process.stderr.write(`set-up: ${line}\n`);
}

/** Set-up cannot continue by itself. `next` says what a person can do; the exit codes are those of apps/cli/exit-codes.ts. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {string} next
   * @param {number} exitCode
   */
  constructor(message, next, exitCode = 1) {
    super(message);
    this.name = 'SetupError';
    this.next = next;
    this.exitCode = exitCode;
  }
}
