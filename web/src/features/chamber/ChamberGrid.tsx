import { ChevronLeft, ChevronRight } from "lucide-react";
import { type CSSProperties, useState } from "react";
import { useTranslation } from "react-i18next";
import { gridFor, pageCount, type Seating } from "../../meeting/seating.ts";
import { Button } from "../../ui/Button.tsx";
import styles from "./ChamberGrid.module.css";
import type { Occupant } from "./occupants.ts";
import { Tile } from "./Tile.tsx";
import { placesPerPage, useWidth } from "./useShape.ts";

interface Props {
  readonly all: readonly Occupant[];
  readonly seating: Seating;
  /** How many places the sitting has, where that is known. */
  readonly places: number | undefined;
  readonly isStale: boolean;
}

/** Everybody, in protocol order: a tile never moves, and only the reader turns pages. */
export function ChamberGrid({ all, seating, places, isStale }: Props) {
  const { t } = useTranslation();
  const width = useWidth();
  const [page, setPage] = useState(0);
  if (width === "narrow")
    return (
      <ul className={styles["column"]} aria-label={t("landmark/chamber")} data-control="chamber">
        {all.map((occupant) => (
          <Tile key={occupant.seat.identity} occupant={occupant} isStale={isStale} />
        ))}
      </ul>
    );
  const perPage = placesPerPage[width];
  const grid = gridFor(Math.min(perPage, places ?? perPage));
  const onPage = grid.columns * grid.rows;
  const pages = pageCount(seating, onPage);
  const shown = Math.min(page, pages - 1);
  return (
    <div className={styles["chamber"]}>
      <div className={styles["area"]}>
        <ul
          className={styles["grid"]}
          aria-label={t("landmark/chamber")}
          data-control="chamber"
          style={{ "--columns": grid.columns, "--rows": grid.rows } as CSSProperties}
        >
          {all
            .filter(({ place }) => Math.floor(place / onPage) === shown)
            .map((occupant) => (
              <Tile
                key={occupant.seat.identity}
                occupant={occupant}
                isStale={isStale}
                style={cell(occupant.place % onPage, grid.columns)}
              />
            ))}
        </ul>
      </div>
      {pages > 1 && (
        <nav className={styles["pages"]}>
          <Button isDisabled={shown === 0} onPress={() => setPage(shown - 1)}>
            <ChevronLeft aria-hidden="true" size={20} />
            {t("room/pageBefore")}
          </Button>
          <span>{t("room/page", { page: shown + 1, pages })}</span>
          <Button isDisabled={shown === pages - 1} onPress={() => setPage(shown + 1)}>
            {t("room/pageAfter")}
            <ChevronRight aria-hidden="true" size={20} />
          </Button>
        </nav>
      )}
    </div>
  );
}

function cell(index: number, columns: number): CSSProperties {
  return { gridColumnStart: (index % columns) + 1, gridRowStart: Math.floor(index / columns) + 1 };
}
