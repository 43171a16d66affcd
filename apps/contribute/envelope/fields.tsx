import { toHex } from '../../../relay/wire/hex.ts';
import type { FieldValue, OpenedFrame } from '../../../relay/wire/open-frame.ts';
import { formatBytes } from '../../ui/format.ts';
import { messages } from '../../ui/messages.ts';

const words = messages.envelope;

/** So many bytes of a field are written out. */
const shownBytes = 64;

/** A message field by field, with the bytes that each takes. */
export function Fields({ frame: { fields, header } }: { frame: OpenedFrame }) {
  return (
    <table class="fields">
      <thead>
        <tr>
          <th scope="col">{words.field}</th>
          <th scope="col">{words.value}</th>
          <th scope="col">{words.bytes}</th>
        </tr>
      </thead>
      <tbody>
        <tr class="muted">
          <th scope="row" colSpan={2}>
            {words.header}
          </th>
          <td>{header}</td>
        </tr>
        {fields.map(({ name, value, bytes }) => (
          <tr key={name}>
            <th scope="row">
              <code>{name}</code>
            </th>
            <td>
              <Value value={value} />
            </td>
            <td>{bytes}</td>
          </tr>
        ))}
      </tbody>
      <tfoot>
        <tr>
          <th scope="row" colSpan={2}>
            {words.total}
          </th>
          <td>{fields.reduce((sum, { bytes }) => sum + bytes, header)}</td>
        </tr>
      </tfoot>
    </table>
  );
}

/** Numbers as the schema has them, in no language's way of writing. */
function Value({ value }: { value: FieldValue }) {
  if (!(value instanceof Uint8Array)) return <code>{value}</code>;
  const more = value.length - shownBytes;
  return (
    <>
      <code>{toHex(value.subarray(0, shownBytes))}</code>
      {more > 0 && <> … {words.moreBytes(formatBytes(more))}</>}
    </>
  );
}
