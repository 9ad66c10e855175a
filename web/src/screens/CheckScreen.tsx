import { BadgeCheck, Laptop, TriangleAlert } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { grouped } from "../accreditation/bytes.ts";
import type { Seat } from "../accreditation/seat.ts";
import { CheckPage } from "../features/prejoin/CheckPage.tsx";
import { inLanguage } from "../meeting/sight.ts";
import type { Accreditation, PrivateMember } from "../member/plane.ts";
import type { Code } from "../refusal.ts";
import { countryOf } from "../ui/countries.ts";
import { Fact } from "../ui/Fact.tsx";
import { holderWords } from "../ui/holderWords.ts";
import { RefusalPage } from "../ui/RefusalPage.tsx";

interface Props {
  readonly member: PrivateMember;
  readonly accreditation: Accreditation;
}

/** The check of a seat that the authority signed. A link is used up by entering, so that the page says so before. */
export function CheckScreen({ member, accreditation }: Props) {
  const { t, i18n } = useTranslation();
  const { isEnrolled, page, serverPage, authority } = accreditation;
  const [isAccepted, setAccepted] = useState(false);
  const { name, detail } = holderWords(accreditation, i18n.language, t);
  const fromServer = page === "server" && !isEnrolled;
  const isForbidden = fromServer && serverPage === "forbid";
  const asks = fromServer && serverPage === "ask" && !isAccepted;
  const [ended, setEnded] = useState<Code>();
  /** Enrolling again is nothing: the record has a device once. */
  const enter = async () => {
    const refusal = await member.enrol();
    if (!refusal) void member.enterLobby();
    else if (FINAL.has(refusal.refused)) setEnded(refusal.refused);
    return refusal;
  };
  if (ended !== undefined) return <RefusalPage code={ended} telephone={accreditation.telephone} />;
  return (
    <CheckPage
      title={inLanguage(accreditation.title, i18n.language)}
      seat={seatOf(accreditation, name)}
      role={detail}
      details={
        <Fact
          icon={<BadgeCheck aria-hidden="true" size={22} />}
          title={t("lobby/proven")}
          control="authority"
          level={3}
        >
          {t("check/authority", { thumbprint: grouped(authority) })}
        </Fact>
      }
      telephone={accreditation.telephone}
      notice={t(page === "program" ? "check/unsentProgram" : "check/unsentServer")}
      caution={
        isForbidden || asks ? (
          <Fact
            caution
            icon={<TriangleAlert aria-hidden="true" size={22} />}
            title={t("lock/server")}
            control={isForbidden ? "page-forbidden" : "page-asks"}
          >
            {t(isForbidden ? "check/pageForbidden" : "check/pageAsks")}
          </Fact>
        ) : (
          <Fact icon={<Laptop aria-hidden="true" size={22} />} title={t(isEnrolled ? "lobby/enrolled" : "check/once")}>
            {t(isEnrolled ? "check/enrolledDetail" : "check/onceDetail")}
          </Fact>
        )
      }
      enter={
        isForbidden
          ? undefined
          : asks
            ? {
                word: t("check/goOn"),
                act: async () => {
                  setAccepted(true);
                  return undefined;
                },
              }
            : { word: t("check/enterLobby"), act: enter }
      }
    />
  );
}

/** With this link nobody comes in by trying again. */
const FINAL: ReadonlySet<Code> = new Set<Code>([
  "enrolment.used",
  "enrolment.locked",
  "enrolment.unknown",
  "device.revoked",
  "chain.time",
]);

/** The plate under the picture: what the charter lets this device know of itself. */
function seatOf({ delegation, person, role }: Accreditation, name: string): Seat {
  const flag = countryOf(delegation);
  return {
    identity: "",
    delegation: name,
    ...(person !== undefined && { person }),
    ...(role !== undefined && { role }),
    ...(flag !== undefined && { flag }),
  };
}
