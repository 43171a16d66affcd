import type { Signer } from '../checkpoint.ts';
import { decodeToNode, encodeToNode } from '../frames.ts';
import { fromHex, toHex } from '../hex.ts';
import { acknowledgementBytes, verifySignature } from '../signatures.ts';
import type { Acknowledgement } from '../tapestry_pb.js';

/** The receipt in a ToNode frame; null if the frame holds none. Its signature is not checked. */
export function receiptIn(frame: Uint8Array): Acknowledgement | null {
  try {
    const message = decodeToNode(frame);
    return message.case === 'acknowledgement' ? message.value : null;
  } catch {
    return null;
  }
}

/** Whether the relay signed this receipt for this run. */
export function isSignedReceipt(receipt: Acknowledgement, { run, publicKey }: Signer): Promise<boolean> {
  return verifySignature(publicKey, acknowledgementBytes(run, receipt), receipt.signature);
}

/** The longest line of a receipt: a frame with the longest checkpoint, in hex. */
const maxLine = 4096;

/** Receipts as text: one ToNode frame in hex a line. Checkpoints are left out, since no receipt's signature covers them. */
export function receiptLines(receipts: readonly Acknowledgement[]): Uint8Array<ArrayBuffer> {
  const lines = receipts.map((receipt) => {
    const value = { ...receipt, checkpoint: new Uint8Array() };
    return `${toHex(encodeToNode({ case: 'acknowledgement', value }))}\n`;
  });
  return new TextEncoder().encode(lines.join(''));
}

/** The receipts in a text of `receiptLines`, in order. Other lines, such as a torn one, are passed over. */
export function receiptsIn(bytes: Uint8Array): Acknowledgement[] {
  const receipts: Acknowledgement[] = [];
  for (const line of new TextDecoder().decode(bytes).split('\n')) {
    if (line.length > maxLine || !/^(?:[0-9a-f]{2})+$/.test(line)) continue;
    const receipt = receiptIn(fromHex(line));
    if (receipt !== null) receipts.push(receipt);
  }
  return receipts;
}
