/** A labelled choice among names. */
export function Choice<Name extends string>({
  name,
  label,
  help,
  value,
  options,
  disabled,
  choose,
}: {
  name: string;
  label: string;
  help?: string;
  value: Name;
  options: readonly (readonly [Name, string])[];
  disabled: boolean;
  choose: (value: Name) => void;
}) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <select
        id={name}
        value={value}
        disabled={disabled}
        {...(help !== undefined && { 'aria-describedby': `${name}-help` })}
        onChange={(event) => {
          const chosen = options[event.currentTarget.selectedIndex];
          if (chosen !== undefined) choose(chosen[0]);
        }}
      >
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
      {help !== undefined && (
        <p class="help" id={`${name}-help`}>
          {help}
        </p>
      )}
    </div>
  );
}

/** A labelled number, or nothing for the usual one. */
export function NumberChoice({
  name,
  label,
  value,
  usual,
  disabled,
  choose,
}: {
  name: string;
  label: string;
  value: number | null;
  usual: string;
  disabled: boolean;
  choose: (value: number | null) => void;
}) {
  return (
    <div class="field">
      <label for={name}>{label}</label>
      <input
        id={name}
        type="text"
        inputmode="decimal"
        autocomplete="off"
        value={value === null ? '' : String(value)}
        placeholder={usual}
        disabled={disabled}
        onChange={(event) => {
          const text = event.currentTarget.value.trim().replace(',', '.');
          const number = Number(text);
          if (text === '') choose(null);
          else if (Number.isFinite(number)) choose(number);
          else event.currentTarget.value = value === null ? '' : String(value);
        }}
      />
    </div>
  );
}
