import { Copy } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { announce } from "./announce.ts";
import { Button } from "./Button.tsx";

/** Copies what a technician needs to know; `report` is made when it is pressed, so that it is of now. */
export function CopyButton({ report }: { readonly report: () => string | Promise<string> }) {
  const { t } = useTranslation();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(await report());
    setCopied(true);
    announce(t("button/copied"));
  };
  return (
    <Button onPress={() => void copy().catch(() => setCopied(false))} control="copy">
      <Copy aria-hidden="true" size={20} />
      {isCopied ? t("button/copied") : t("button/copy")}
    </Button>
  );
}
