import { useTranslation } from "react-i18next";
import { AskedButton } from "../../ui/AskedButton.tsx";
import { countryOf } from "../../ui/countries.ts";
import { Flag } from "../../ui/Flag.tsx";
import { personWithRole, withRole } from "../../ui/roleWords.ts";
import type { Answer } from "../../ui/usePending.ts";
import styles from "./LockPage.module.css";
import type { LockView, RosterMember } from "./lockView.ts";

/** How much of a device's name is shown: enough to tell two devices of one seat apart by telephone. */
const SHOWN = 10;

interface Props {
  readonly view: LockView;
  readonly exclude: (device: string) => Promise<Answer>;
}

/** Every device that can decrypt, by the seat that the authority signed. */
export function RosterList({ view, exclude }: Props) {
  return (
    <ul data-control="roster">
      {view.roster.map(({ delegation, name, members }) => (
        <li key={delegation} className={styles["delegation"]}>
          <Flag code={countryOf(delegation)} />
          <div>
            <p className={styles["name"]}>{name}</p>
            <ul>
              {members.map((member) => (
                <Member key={member.device} member={member} exclude={exclude} />
              ))}
            </ul>
          </div>
        </li>
      ))}
    </ul>
  );
}

function Member({ member, exclude }: { readonly member: RosterMember; readonly exclude: Props["exclude"] }) {
  const { t } = useTranslation();
  const who = withRole(member.name, member.role, t);
  return (
    <li className={styles["member"]} data-device={member.device} data-leaving={member.isLeaving || undefined}>
      <p className={styles["seat"]}>
        {personWithRole(member.person, member.role, t)}
        {member.isSelf && ` (${t("seat/you")})`}
        <span className={styles["device"]}>{t("lock/deviceNamed", { device: member.device.slice(0, SHOWN) })}</span>
        {member.isLeaving && <span className={styles["leaving"]}>{t("lock/leaving")}</span>}
      </p>
      {member.exclude && !member.isLeaving && (
        <AskedButton
          weight="danger"
          refusal={member.exclude.refusal}
          act={() => exclude(member.device)}
          label={t("lock/excludeWhom", { who })}
          control="exclude"
          title={t("lock/excludeTitle", { who })}
          text={t("lock/excludeText")}
          word={t("lock/excludeWhom", { who })}
        >
          {t("lock/exclude")}
        </AskedButton>
      )}
    </li>
  );
}
