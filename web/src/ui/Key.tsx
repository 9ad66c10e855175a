import styles from "./Key.module.css";

/** The key that does the same as the button on which it stands; readers of the screen have the list of keys. */
export function Key({ letter }: { readonly letter: string }) {
  return (
    <span className={styles["key"]} aria-hidden="true">
      {letter}
    </span>
  );
}
