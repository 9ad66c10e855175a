import { useTranslation } from "react-i18next";
import { DeparturePage } from "../features/departure/DeparturePage.tsx";
import { inLanguage } from "../meeting/sight.ts";
import type { PlaneSnapshot, PrivateMember } from "../member/plane.ts";
import type { Code } from "../refusal.ts";
import { holderWords } from "../ui/holderWords.ts";
import { saveRecord } from "./saved.ts";

interface Props {
  readonly member: PrivateMember;
  readonly plane: PlaneSnapshot;
  readonly why: Code | undefined;
}

/** From here nobody comes back: another link, or another tab, is the way in. */
const FINAL: ReadonlySet<Code> = new Set<Code>(["device.revoked", "seat.taken_over"]);

export function DepartureScreen({ member, plane, why }: Props) {
  const { t, i18n } = useTranslation();
  const { accreditation } = plane;
  return (
    <DeparturePage
      title={accreditation ? inLanguage(accreditation.title, i18n.language) : t("app/name")}
      detail={accreditation ? holderWords(accreditation, i18n.language, t).name : ""}
      why={why}
      telephone={accreditation?.telephone ?? null}
      save={plane.record && (() => saveRecord(member))}
      back={why !== undefined && FINAL.has(why) ? undefined : () => void member.comeBack()}
    />
  );
}
