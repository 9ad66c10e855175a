import { FileDown } from "lucide-react";
import { useTranslation } from "react-i18next";
import { OfferButton } from "./OfferButton.tsx";
import type { Answer } from "./usePending.ts";

/** The record that this device read, to a file that proves itself. */
export function RecordButton({ save }: { readonly save: () => Promise<Answer> }) {
  const { t } = useTranslation();
  return (
    <OfferButton onPress={save} control="save-record">
      <FileDown aria-hidden="true" size={20} />
      {t("record/save")}
    </OfferButton>
  );
}
