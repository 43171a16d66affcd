import { encode } from 'uqr';
import { messages } from './messages.ts';

/** A QR code, dark on light in both themes because many scanners cannot read the inverse. The standard requires a quiet zone of four modules. */
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
