import { useLayoutEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { worst } from "../features/stop/stopView.ts";
import type { Sight } from "../meeting/sight.ts";
import type { PlaneSnapshot, PrivateMember } from "../member/plane.ts";
import { setLight } from "../ui/light.ts";
import { RefusalPage } from "../ui/RefusalPage.tsx";
import { useStore } from "../ui/useStore.ts";
import { ArrivingScreen } from "./ArrivingScreen.tsx";
import { CheckScreen } from "./CheckScreen.tsx";
import { DepartureScreen } from "./DepartureScreen.tsx";
import { LobbyScreen } from "./LobbyScreen.tsx";
import { RoomScreen } from "./RoomScreen.tsx";
import { StopScreen } from "./StopScreen.tsx";

/** The screens of a meeting held in private, each drawn from this device's own fold. */
export function PrivateScreens({ member }: { readonly member: PrivateMember }) {
  const plane = useStore(member.store);
  const { stand, accreditation } = plane;
  const sight = useSight(plane);
  const alarm = worst(plane.alarms);
  const isDark = alarm !== undefined || (stand.at === "room" && sight !== undefined);
  useLayoutEffect(() => setLight(isDark ? "chamber" : "paper"), [isDark]);
  const telephone = accreditation?.telephone ?? null;
  if (stand.at === "refused") return <RefusalPage code={stand.code} telephone={telephone} />;
  if (stand.at === "departure") return <DepartureScreen member={member} plane={plane} why={stand.why} />;
  if (stand.at === "arriving" || !accreditation) return <ArrivingScreen />;
  if (alarm) return <StopScreen member={member} plane={plane} alarm={alarm} sight={sight} />;
  if (stand.at === "check") return <CheckScreen member={member} accreditation={accreditation} />;
  if (stand.at === "room" && sight) return <RoomScreen member={member} plane={plane} sight={sight} />;
  return <LobbyScreen member={member} plane={plane} accreditation={accreditation} sight={sight} />;
}

/** What the sitting is drawn from; undefined until this device reads it. */
function useSight({ record, contents, sitting, device }: PlaneSnapshot): Sight | undefined {
  const { i18n } = useTranslation();
  const { language } = i18n;
  return useMemo(() => {
    if (!record || !contents || sitting === undefined || !record.sittings.has(sitting)) return undefined;
    return { record, contents, sitting, device, language };
  }, [record, contents, sitting, device, language]);
}
