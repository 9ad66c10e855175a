import { Check, ChevronDown } from "lucide-react";
import {
  Button as AriaButton,
  Select as AriaSelect,
  Label,
  ListBox,
  ListBoxItem,
  Popover,
  SelectValue,
} from "react-aria-components";
import styles from "./Select.module.css";
import surface from "./Surface.module.css";

interface Props {
  readonly label: string;
  readonly options: readonly { readonly id: string; readonly word: string }[];
  readonly value: string;
  readonly onChange: (id: string) => void;
  readonly isDisabled?: boolean;
  readonly control?: string;
}

/** One of many: a device. */
export function Select({ label, options, value, onChange, isDisabled = false, control }: Props) {
  return (
    <AriaSelect
      className={styles["field"] ?? ""}
      value={value}
      onChange={(key) => key !== null && onChange(String(key))}
      isDisabled={isDisabled || options.length === 0}
      placeholder="–"
    >
      <Label className={styles["label"] ?? ""}>{label}</Label>
      <AriaButton className={styles["button"] ?? ""} data-control={control}>
        <SelectValue className={styles["value"] ?? ""} />
        <ChevronDown aria-hidden="true" size={20} />
      </AriaButton>
      <Popover className={`${surface["surface"]} ${styles["popover"]}`}>
        <ListBox items={options} className={styles["list"] ?? ""}>
          {({ id, word }) => (
            <ListBoxItem id={id} textValue={word} className={styles["item"] ?? ""}>
              {({ isSelected }) => (
                <>
                  {word}
                  <span className={styles["tick"]}>{isSelected && <Check aria-hidden="true" size={18} />}</span>
                </>
              )}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
