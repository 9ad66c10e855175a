import { useTranslation } from "react-i18next";
import { FloorFoot } from "../features/floor/FloorFoot.tsx";
import { floorView } from "../features/floor/floorView.ts";
import { StopPage } from "../features/stop/StopPage.tsx";
import { stopView } from "../features/stop/stopView.ts";
import type { Alarm } from "../meeting/alarm.ts";
import { inLanguage, type Sight } from "../meeting/sight.ts";
import type { PlaneSnapshot, PrivateMember } from "../member/plane.ts";
import { useClock } from "../ui/useClock.ts";
import { saveProof, saveRecord } from "./saved.ts";

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
  return (
    <StopPage
      title={accreditation ? inLanguage(accreditation.title, i18n.language) : t("app/name")}
      detail={part ? inLanguage(part.title, i18n.language) : ""}
      view={stopView(alarm, sight, plane.isSending, now_ms)}
      acts={{
        close: () => member.act("sitting.close", {}),
        keep: () => saveProof(member, alarm.at_ms),
        save: () => saveRecord(member),
        leave: () => void member.leave(),
      }}
      telephone={accreditation?.telephone ?? null}
      foot={sight && <FloorFoot view={floorView(sight, now_ms)} />}
    />
  );
}
