import { parse } from 'yaml';
import { constitutionHash, parseConstitution } from '../../../../client/derive/constitution/constitution.ts';
import {
  checkSignatures,
  maxSignatureBytes,
  parseSignatures,
  type SignedConstitution,
  signaturesFile,
} from '../../../../client/derive/constitution/signatures.ts';
import { defaultFunctionLimits } from '../../../../client/derive/function/call.ts';
import { protectedDomains } from '../../../../client/derive/protect/domains.ts';
import { parseProtectedRules } from '../../../../client/derive/protect/read-rules.ts';
import type { ProtectedRule } from '../../../../client/derive/protect/schema.ts';
import { maxRecipeBytes } from '../../../../client/derive/recipe/read-keys.ts';
import { printable, TapestryError } from '../../../../client/errors.ts';
import type { OriginFolder } from '../../../../client/host/browser/origin-folder.ts';
import { type Problem, problemOf } from '../../../ui/problem.ts';
import type { DocumentView } from '../worker-api.ts';

/** What a file that a recipe names, or a recipe itself, is by its name and its content. */
export type DocumentKind = DocumentView['kind'] | 'signatures' | 'recipe';

const mostBytes: Readonly<Record<DocumentKind, number>> = {
  constitution: maxRecipeBytes,
  rules: maxRecipeBytes,
  recipe: maxRecipeBytes,
  function: defaultFunctionLimits.sourceBytes,
  signatures: maxSignatureBytes,
};

/** The ending of a file of signatures. */
const signaturesEnding = signaturesFile('');

/** Says what a file is: YAML with principles is a constitution, with protected domains and no stage a file of rules, else a recipe. */
export function documentKind(name: string, text: string): DocumentKind {
  if (name.endsWith(signaturesEnding)) return 'signatures';
  if (/\.m?js$/i.test(name)) return 'function';
  let keys: readonly string[] = [];
  try {
    const value: unknown = parse(text);
    if (typeof value === 'object' && value !== null) keys = Object.keys(value);
  } catch {
    // The reader of recipes says what is wrong, and in which line.
  }
  if (keys.includes('principles')) return 'constitution';
  const isRecipe = ['base_model', 'stages', 'datasets'].some((key) => keys.includes(key));
  return keys.includes('protected') && !isRecipe ? 'rules' : 'recipe';
}

/** The constitutions, files of rules and functions in the page's own storage, which recipes name; each is a file of its name. */
export class Documents {
  readonly #folder: OriginFolder;

  constructor(folder: OriginFolder) {
    this.#folder = folder;
  }

  async list(): Promise<DocumentView[]> {
    const found: DocumentView[] = [];
    for (const { name, bytes } of await this.#folder.list()) {
      const text = await this.text(name);
      const kind = documentKind(name, text);
      if (kind !== 'signatures' && kind !== 'recipe')
        found.push({ name, bytes, kind, ...(await this.#factsOf(kind, name, text)) });
    }
    return found;
  }

  /**
   * Reads a file, and stores it under its own name unless it is a recipe. Gives a recipe's text, else null.
   * @throws TapestryError `studio.too-large`, and the errors of the file's reader
   */
  async add(file: File): Promise<string | null> {
    const { name } = file;
    // The largest kind bounds what is read before the kind is known.
    requireSize(name, file.size, Math.max(...Object.values(mostBytes)));
    const text = await file.text();
    const kind = documentKind(name, text);
    requireSize(name, file.size, mostBytes[kind]);
    if (kind === 'recipe') return text;
    if (kind === 'constitution') parseConstitution(text, name);
    if (kind === 'rules') protectedDomains(parseProtectedRules(text, name));
    if (kind === 'signatures') parseSignatures(new TextEncoder().encode(text), name);
    await this.#folder.copy(name, file);
    return null;
  }

  /** Removes a file, and the signatures of a constitution with it. */
  async remove(name: string): Promise<void> {
    await this.#folder.remove(name);
    await this.#folder.remove(signaturesFile(name));
  }

  /** Throws `studio.no-file`. */
  async text(name: string): Promise<string> {
    const bytes = await this.#folder.read(name);
    if (bytes !== null) return new TextDecoder().decode(bytes);
    throw new TapestryError(
      'studio.no-file',
      `The recipe names ${printable(name)}, and there is no such file here.`,
      'Drop the file on the page, or take its name out of the recipe.',
    );
  }

  /** The rules of protected domains in a file. Throws `studio.no-file` and the errors of `parseProtectedRules`. */
  async protectedRules(name: string): Promise<readonly ProtectedRule[]> {
    return parseProtectedRules(await this.text(name), name);
  }

  /** A constitution, whose signatures are checked. Throws `studio.no-file`, `constitution.*`. */
  async constitution(name: string): Promise<SignedConstitution> {
    const constitution = parseConstitution(await this.text(name), name);
    const signatures = parseSignatures(await this.#folder.read(signaturesFile(name)), signaturesFile(name));
    const signed = await checkSignatures(constitution, signatures);
    return { constitution, hash: constitutionHash(constitution), signed };
  }

  async #factsOf(
    kind: DocumentView['kind'],
    name: string,
    text: string,
  ): Promise<Omit<DocumentView, 'name' | 'bytes' | 'kind'>> {
    const none = { principles: 0, rules: 0, signatures: 0, problem: null };
    try {
      if (kind === 'rules') return { ...none, rules: parseProtectedRules(text, name).length };
      if (kind === 'function') return none;
      const { constitution, signed } = await this.constitution(name);
      const { principles, protected: rules } = constitution;
      const counts = { principles: principles.length, rules: rules.length, signatures: signed.keys.length };
      return { ...counts, problem: wrongSignatures(name, signed.wrong) };
    } catch (error) {
      return { ...none, problem: problemOf(error) };
    }
  }
}

function wrongSignatures(name: string, keys: readonly string[]): Problem | null {
  if (keys.length === 0) return null;
  return {
    code: 'constitution.signatures',
    message: `Signatures of ${printable(name)} do not hold: ${keys.map((key) => key.slice(0, 12)).join(', ')}.`,
    next: 'Have it signed again with tapestry constitution sign, and drop the file of signatures here.',
  };
}

function requireSize(name: string, bytes: number, most: number): void {
  if (bytes <= most) return;
  throw new TapestryError(
    'studio.too-large',
    `${printable(name)} has ${bytes} bytes, and the most are ${most}.`,
    'Drop a recipe, a constitution, a file of rules or a function: these are small texts.',
  );
}
