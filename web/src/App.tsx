import { useLayoutEffect } from "react";
import { I18nProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { ChamberPage } from "./features/chamber/ChamberPage.tsx";
import { DeparturePage } from "./features/departure/DeparturePage.tsx";
import { CheckPage } from "./features/prejoin/CheckPage.tsx";
import { MemberContext } from "./member/context.ts";
import type { Member } from "./member/member.ts";
import { isRefusal, type Refusal } from "./refusal.ts";
import { LiveRegions } from "./ui/LiveRegions.tsx";
import { RefusalPage } from "./ui/RefusalPage.tsx";
import { useStore } from "./ui/useStore.ts";

/** The page: who came in, or why nobody can. */
export function App({ member }: { readonly member: Member | Refusal }) {
  const { i18n } = useTranslation();
  return (
    <I18nProvider locale={i18n.language}>
      {isRefusal(member) ? (
        <RefusalPage code={member.refused} />
      ) : (
        <MemberContext value={member}>
          <Screen member={member} />
        </MemberContext>
      )}
      <LiveRegions />
    </I18nProvider>
  );
}

/** The screen of the place where the member is, in its light: paper for texts, chamber for people. */
function Screen({ member }: { readonly member: Member }) {
  const { place } = useStore(member.store);
  const light = place.at === "room" ? "chamber" : "paper";
  useLayoutEffect(() => {
    document.documentElement.dataset["light"] = light;
  }, [light]);
  switch (place.at) {
    case "check":
      return <CheckPage />;
    case "room":
      return <ChamberPage />;
    case "departure":
      return <DeparturePage why={place.why} />;
  }
}
