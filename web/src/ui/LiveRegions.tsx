import { useTranslation } from "react-i18next";
import { assertive, polite } from "./announce.ts";
import { useStore } from "./useStore.ts";

/** The two live regions. The key makes the same words, said again, a new text. */
export function LiveRegions() {
  const { t } = useTranslation();
  const quiet = useStore(polite);
  const urgent = useStore(assertive);
  return (
    <section aria-label={t("landmark/notices")} className="unseen">
      <p aria-live="polite">
        <span key={quiet.count}>{quiet.words}</span>
      </p>
      <p aria-live="assertive">
        <span key={urgent.count}>{urgent.words}</span>
      </p>
    </section>
  );
}
