import { useTranslation } from "react-i18next";
import { FloorFoot } from "../features/floor/FloorFoot.tsx";
import { floorView } from "../features/floor/floorView.ts";
import { StopPage } from "../features/stop/StopPage.tsx";
import { stopView } from "../features/stop/stopView.ts";
import type { Alarm } from "../meeting/alarm.ts";
import { inLanguage, type Sight } from "../meeting/sight.ts";
import type { PlaneSnapshot, PrivateMember } from "../member/plane.ts";
import { refuse } from "../refusal.ts";
import { saveAs } from "../ui/saveAs.ts";
import { useClock } from "../ui/useClock.ts";

interface Props {
  readonly member: PrivateMember;
  readonly plane: PlaneSnapshot;
  readonly alarm: Alarm;
  readonly sight: Sight | undefined;
}

export function StopScreen({ member, plane, alarm, sight }: Props) {
  const { t, i18n } = useTranslation();
  const now_ms = useClock();
  const { accreditation } = plane;
  const part = sight?.contents.sittings.get(sight.sitting);
  const keep = async () => {
    const proof = await member.proof();
    if (!proof) return refuse("record.unread");
    saveAs(proof, `incamera-record-${new Date(alarm.at_ms).toISOString().slice(0, 16).replaceAll(":", "")}.json`);
    return undefined;
  };
  return (
    <StopPage
      title={accreditation ? inLanguage(accreditation.title, i18n.language) : t("app/name")}
      detail={part ? inLanguage(part.title, i18n.language) : ""}
      view={stopView(alarm, sight, plane.isSending, now_ms)}
      acts={{ close: () => member.act("sitting.close", {}), keep, leave: () => void member.leave() }}
      telephone={accreditation?.telephone ?? null}
      foot={sight && <FloorFoot view={floorView(sight, now_ms)} />}
    />
  );
}
