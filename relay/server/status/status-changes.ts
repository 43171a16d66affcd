import type { RelayStatus, StatusChange } from '../../wire/status.ts';

type Node = RelayStatus['nodes'][number];
type Progress = NonNullable<StatusChange['progressed']>[number];

const partNames = ['round', 'base', 'totals', 'sample', 'evaluation', 'speech'] as const;
type Parts = Pick<RelayStatus, (typeof partNames)[number]>;

/**
 * The changes that lead viewers from one status to the next. Nodes wait for their turn in the order in which they changed, so
 * that a change has a bounded size and every node gets its turn.
 *
 * A snapshot may be newer than what the changes have told so far. Whatever differs between the two is told again after it
 * (`compare`), so the viewer of the snapshot and the viewers before it come to the same status.
 */
export class StatusChanges {
  #sequence = 0;
  #parts: Parts;
  #nodes: Map<string, Node>;
  readonly #changedParts = new Set<keyof Parts>();
  /** Ids of nodes that differ from what was told. */
  readonly #changedNodes = new Set<string>();

  constructor(status: RelayStatus) {
    this.#parts = status;
    this.#nodes = nodesById(status);
  }

  /** The number of the last change. */
  get sequence(): number {
    return this.#sequence;
  }

  /** True if a part of the last compared status is still to be told. */
  get pending(): boolean {
    return this.#changedParts.size > 0 || this.#changedNodes.size > 0;
  }

  /** Begins again at `status` where nobody follows the changes; each reader that comes asks for a snapshot. */
  restart(status: RelayStatus): void {
    this.#sequence++;
    this.#parts = status;
    this.#nodes = nodesById(status);
    this.#changedParts.clear();
    this.#changedNodes.clear();
  }

  /** Notes what differs between `status` and what was told. */
  compare(status: RelayStatus): void {
    for (const name of partNames) {
      if (JSON.stringify(status[name]) !== JSON.stringify(this.#parts[name])) this.#changedParts.add(name);
    }
    const left = new Set(this.#nodes.keys());
    for (const node of status.nodes) {
      left.delete(node.id);
      const told = this.#nodes.get(node.id);
      if (told === undefined || !isSame(told, node)) this.#changedNodes.add(node.id);
    }
    for (const id of left) this.#changedNodes.add(id);
  }

  /** The next change towards `status`. As JSON it has at most `mostBytes`, but for the parts other than nodes and for one node. */
  next(status: RelayStatus, mostBytes: number): StatusChange {
    this.compare(status);
    const change: StatusChange = { sequence: ++this.#sequence };
    for (const name of this.#changedParts) Object.assign(change, { [name]: status[name] });
    this.#changedParts.clear();
    this.#parts = status;
    const [joined, progressed, left]: [Node[], Progress[], string[]] = [[], [], []];
    const current = nodesById(status);
    let bytes = sizeOf(change) + listBytes;
    for (const id of this.#changedNodes) {
      const node = current.get(id);
      const told = this.#nodes.get(id);
      const isKnown = told !== undefined && node !== undefined && isSameMember(told, node);
      const said = node === undefined ? id : isKnown ? progressOf(node) : node;
      bytes += sizeOf(said) + 1;
      if (bytes > mostBytes && joined.length + progressed.length + left.length > 0) break;
      if (typeof said === 'string') left.push(said);
      else if ('id' in said) joined.push(said);
      else progressed.push(said);
      this.#changedNodes.delete(id);
      if (node === undefined) this.#nodes.delete(id);
      else this.#nodes.set(id, node);
    }
    return {
      ...change,
      ...(joined.length > 0 ? { joined } : {}),
      ...(progressed.length > 0 ? { progressed } : {}),
      ...(left.length > 0 ? { left } : {}),
    };
  }
}

/** The names and brackets of the three lists of nodes. */
const listBytes = '"joined":[],"progressed":[],"left":[],'.length;

function sizeOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

function nodesById({ nodes }: RelayStatus): Map<string, Node> {
  return new Map(nodes.map((node) => [node.id, node]));
}

function isSameMember(one: Node, other: Node): boolean {
  const { host, corpus, connectedAt, part } = one;
  return (
    host === other.host && corpus === other.corpus && connectedAt === other.connectedAt && part === other.part
  );
}

function isSame(one: Node, other: Node): boolean {
  const before = progressOf(one);
  return isSameMember(one, other) && progressOf(other).every((value, at) => value === before[at]);
}

function progressOf(node: Node): Progress {
  return [
    node.id,
    node.state,
    node.steps,
    node.tokensPerSecond,
    node.trainingLoss,
    node.heldOutLoss,
    node.tokens,
    node.contributions,
    node.bytesUp,
    node.bytesDown,
  ];
}
