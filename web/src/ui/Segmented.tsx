import { ToggleButton, ToggleButtonGroup } from "react-aria-components";
import styles from "./Segmented.module.css";

interface Props<T extends string> {
  readonly label: string;
  readonly isLabelShown?: boolean;
  readonly options: readonly { readonly value: T; readonly word: string; readonly lang?: string }[];
  readonly value: T;
  readonly onChange: (value: T) => void;
  readonly control?: string;
}

/** One of a few, all of them in sight. */
export function Segmented<T extends string>({ label, isLabelShown, options, value, onChange, control }: Props<T>) {
  return (
    <div className={styles["field"]}>
      {isLabelShown && (
        <span className={styles["label"]} aria-hidden="true">
          {label}
        </span>
      )}
      <ToggleButtonGroup
        aria-label={label}
        className={styles["group"] ?? ""}
        selectionMode="single"
        disallowEmptySelection
        selectedKeys={[value]}
        onSelectionChange={([key]) => {
          const chosen = options.find((option) => option.value === key);
          if (chosen) onChange(chosen.value);
        }}
      >
        {options.map((option) => (
          <ToggleButton
            key={option.value}
            id={option.value}
            className={styles["segment"] ?? ""}
            data-control={control && `${control}-${option.value}`}
          >
            <span lang={option.lang}>{option.word}</span>
          </ToggleButton>
        ))}
      </ToggleButtonGroup>
    </div>
  );
}
