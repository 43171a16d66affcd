import { encode } from 'uqr';
import { messages } from './messages.ts';

/** Dark on light in both themes: many readers cannot scan the inverse. Four modules of quiet zone, as the standard asks. */
export function QrCode({ address }: { address: string }) {
  const { data, size } = encode(address, { border: 4, ecc: 'M' });
  const path = data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : ''))).join('');
  return (
    <svg
      class="qr"
      viewBox={`0 0 ${size} ${size}`}
      role="img"
      aria-label={messages.dashboard.qr(address)}
      shape-rendering="crispEdges"
    >
      <rect width={size} height={size} fill="#ffffff" />
      <path d={path} fill="#10141e" />
    </svg>
  );
}
