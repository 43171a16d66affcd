import { type ProtectedDomains, protectedDomains } from '../../../client/derive/protect/domains.ts';
import { parseProtectedRules } from '../../../client/derive/protect/read-rules.ts';
import { protectedMatches } from '../../../client/derive/protect/scanner.ts';
import type { ProtectedRule } from '../../../client/derive/protect/schema.ts';
import { warmGuard } from '../../../client/derive/protect/stream-guard.ts';
import { maxRecipeBytes } from '../../../client/derive/recipe/read-keys.ts';
import { printable, TapestryError } from '../../../client/errors.ts';
import { NotRead, readRegularFile, whyNotRead } from '../../../client/host/regular-file.ts';

/** Reads a file of protected domains. Throws `protected.missing` and the errors of `parseProtectedRules`. */
export async function readProtectedRules(path: string): Promise<readonly ProtectedRule[]> {
  try {
    return parseProtectedRules(new TextDecoder().decode(await readRegularFile(path, maxRecipeBytes)), path);
  } catch (error) {
    if (!(error instanceof NotRead)) throw error;
    throw new TapestryError(
      'protected.missing',
      `${printable(path)} ${whyNotRead(error, maxRecipeBytes)}.`,
      'Name a file of rules; docs/protection.md shows one.',
      { cause: error },
    );
  }
}

/** The protected domains that `--protect` names, ready to guard replies; null without it. Throws the errors of `readProtectedRules` and of `protectedDomains`. */
export async function domainsAt(path: string | undefined): Promise<ProtectedDomains | null> {
  if (path === undefined) return null;
  const domains = protectedDomains(await readProtectedRules(path));
  warmGuard(domains);
  return domains;
}

/** Throws `protected.prompt` for a prompt with a protected passage. */
export function requireUnprotected(prompt: string, domains: ProtectedDomains): void {
  const [match] = protectedMatches(prompt, domains);
  if (match === undefined) return;
  throw new TapestryError(
    'protected.prompt',
    `The prompt has a passage that the rule ${match.rule} protects.`,
    'Ask something else, or ask who wrote the rules.',
  );
}
