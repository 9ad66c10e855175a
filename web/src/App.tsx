import { I18nProvider } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { MemberContext } from "./member/context.ts";
import type { PrivateMember } from "./member/plane.ts";
import { isRefusal, type Refusal } from "./refusal.ts";
import { PrivateScreens } from "./screens/PrivateScreens.tsx";
import { LiveRegions } from "./ui/LiveRegions.tsx";
import { RefusalPage } from "./ui/RefusalPage.tsx";

/** The page: who came in, or why nobody can. */
export function App({ member }: { readonly member: PrivateMember | Refusal }) {
  const { i18n } = useTranslation();
  return (
    <I18nProvider locale={i18n.language}>
      {isRefusal(member) ? (
        <RefusalPage code={member.refused} />
      ) : (
        <MemberContext value={member}>
          <PrivateScreens member={member} />
        </MemberContext>
      )}
      <LiveRegions />
    </I18nProvider>
  );
}
