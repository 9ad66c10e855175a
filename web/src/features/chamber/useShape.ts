import { useSyncExternalStore } from "react";

/** How much room there is: pages of 6 × 5, of 5 × 4, or a column of twos that scrolls. */
export type Width = "wide" | "middle" | "narrow";

const wide = window.matchMedia("(min-width: 1181px)");
const narrow = window.matchMedia("(max-width: 700px)");

export const placesPerPage: Readonly<Record<Width, number>> = {
  wide: 30,
  middle: 20,
  narrow: Number.POSITIVE_INFINITY,
};

export function useWidth(): Width {
  return useSyncExternalStore(subscribe, () => (wide.matches ? "wide" : narrow.matches ? "narrow" : "middle"));
}

function subscribe(listener: () => void): () => void {
  wide.addEventListener("change", listener);
  narrow.addEventListener("change", listener);
  return () => {
    wide.removeEventListener("change", listener);
    narrow.removeEventListener("change", listener);
  };
}
