import { useLayoutEffect } from "react";
import { useTranslation } from "react-i18next";
import { ChamberPage } from "../features/chamber/ChamberPage.tsx";
import { StatusPill } from "../features/chamber/StatusPill.tsx";
import { DeparturePage } from "../features/departure/DeparturePage.tsx";
import { CheckPage } from "../features/prejoin/CheckPage.tsx";
import type { Member } from "../member/member.ts";
import { setLight } from "../ui/light.ts";
import { useStore } from "../ui/useStore.ts";

/** The screens of a link that carries a plain ticket: a call that the server could see and hear, and that says so. */
export function TicketScreens({ member }: { readonly member: Member }) {
  const { t } = useTranslation();
  const { place, seating } = useStore(member.store);
  const { others } = useStore(member.room);
  const { seat, title, ticket } = member;
  useLayoutEffect(() => setLight(place.at === "room" ? "chamber" : "paper"), [place.at]);
  switch (place.at) {
    case "check":
      return (
        <CheckPage
          title={title}
          seat={seat}
          role={seat.role && t(`role/${seat.role}`)}
          details={ticket.sitting && <p>{ticket.sitting}</p>}
          notice={t("check/notice")}
          enter={{
            word: t("check/enter"),
            act: async () => {
              void member.enter();
              return undefined;
            },
          }}
        />
      );
    case "room":
      return (
        <ChamberPage
          title={title}
          detail={ticket.sitting ?? seat.delegation}
          own={seat}
          others={others}
          seating={seating}
          places={ticket.places}
          pill={<StatusPill />}
        />
      );
    case "departure":
      return (
        <DeparturePage title={title} detail={seat.delegation} why={place.why} back={() => void member.comeBack()} />
      );
  }
}
