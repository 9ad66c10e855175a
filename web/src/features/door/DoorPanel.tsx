import { BadgeCheck, TriangleAlert } from "lucide-react";
import { Menu, MenuItem, MenuTrigger, Popover } from "react-aria-components";
import { useTranslation } from "react-i18next";
import { hourMinute } from "../../i18n/time.ts";
import type { RefusedKnock } from "../../meeting/acts.ts";
import { Button } from "../../ui/Button.tsx";
import { countryOf } from "../../ui/countries.ts";
import { Flag } from "../../ui/Flag.tsx";
import { OfferButton } from "../../ui/OfferButton.tsx";
import { RailSection } from "../../ui/RailSection.tsx";
import { refusalSentence } from "../../ui/refusalWords.ts";
import { withRole } from "../../ui/roleWords.ts";
import surface from "../../ui/Surface.module.css";
import { type Answer, usePending } from "../../ui/usePending.ts";
import styles from "./DoorPanel.module.css";
import type { DoorView, KnockView } from "./doorView.ts";

export interface DoorActs {
  readonly admit: (device: string) => Promise<Answer>;
  readonly refuse: (knock: string, code: RefusedKnock) => Promise<Answer>;
}

interface Props {
  readonly view: DoorView;
  readonly acts: DoorActs;
}

/** The door, for chair and secretariat: who knocks, by the seat that the authority signed, and the two answers. */
export function DoorPanel({ view, acts }: Props) {
  const { t } = useTranslation();
  return (
    <RailSection
      title={t("door/title")}
      count={
        <span data-control="door-count">
          {view.waiting > 0 ? t("door/waiting", { count: view.waiting }) : t("door/nobody")}
        </span>
      }
      control="door"
    >
      {view.knocks.length > 0 && (
        <div className={styles["together"]}>
          <p className={styles["proven"]}>
            <BadgeCheck aria-hidden="true" size={16} />
            {t("door/proven")}
          </p>
          {view.all.length > 1 && (
            <OfferButton weight="accent" onPress={() => admitAll(view, acts)} control="admit-all">
              {t("door/admitAll", { count: view.all.length })}
            </OfferButton>
          )}
        </div>
      )}
      <ul className={styles["list"]}>
        {view.knocks.map((knock) => (
          <Knock key={knock.device} knock={knock} acts={acts} />
        ))}
      </ul>
    </RailSection>
  );
}

/** One act each: the first that is refused says why, and the others after it were not asked. */
async function admitAll({ all }: DoorView, acts: DoorActs): Promise<Answer> {
  for (const device of all) {
    const answer = await acts.admit(device);
    if (answer) return answer;
  }
  return undefined;
}

function Knock({ knock, acts }: { readonly knock: KnockView; readonly acts: DoorActs }) {
  const { t } = useTranslation();
  const who = withRole(knock.name, knock.role, t);
  return (
    <li className={styles["row"]} data-control="knock" data-device={knock.device}>
      <Flag code={countryOf(knock.delegation)} />
      <div className={styles["who"]}>
        <p className={styles["name"]}>{who}</p>
        <p className={styles["detail"]}>
          {[knock.person, t("door/since", { time: t("clock/at", hourMinute(knock.since)) })].filter(Boolean).join(". ")}
        </p>
        {knock.wasExcluded && (
          <p className={styles["caution"]}>
            <TriangleAlert aria-hidden="true" size={18} />
            {t("door/excluded")}
          </p>
        )}
      </div>
      {knock.awaitsHand ? (
        <div className={styles["answers"]}>
          <OfferButton
            refusal={knock.mayNotAdmit}
            onPress={() => acts.admit(knock.device)}
            label={t("door/admitWhom", { who })}
            control="admit"
          >
            {t("door/admit")}
          </OfferButton>
          {knock.mayNotRefuse === undefined && <NotNow who={who} refuse={(code) => acts.refuse(knock.knock, code)} />}
        </div>
      ) : (
        <p className={styles["coming"]}>{t("door/coming")}</p>
      )}
    </li>
  );
}

const ANSWERS = ["not_now", "not_known"] as const satisfies readonly RefusedKnock[];

/** A refusal says which: "later" and "who are you?" are different answers. */
function NotNow({ who, refuse }: { readonly who: string; readonly refuse: (code: RefusedKnock) => Promise<Answer> }) {
  const { t, i18n } = useTranslation();
  const answer = { code: ANSWERS[0] as RefusedKnock };
  const { isRunning, refused, run } = usePending(() => refuse(answer.code));
  return (
    <MenuTrigger>
      <Button isDisabled={isRunning} aria-label={t("door/refuseWhom", { who })} control="refuse">
        {t("door/refuse")}
      </Button>
      <Popover className={surface["surface"] ?? ""} placement="bottom end">
        <Menu
          className={styles["menu"] ?? ""}
          onAction={(key) => {
            const code = ANSWERS.find((one) => one === key);
            if (code === undefined) return;
            answer.code = code;
            run();
          }}
        >
          {ANSWERS.map((code) => (
            <MenuItem key={code} id={code} className={styles["choice"] ?? ""} data-control={`refuse-${code}`}>
              {t(`door/answer/${code}`)}
            </MenuItem>
          ))}
        </Menu>
      </Popover>
      {refused && <span className={styles["detail"]}>{refusalSentence(i18n, refused)}</span>}
    </MenuTrigger>
  );
}
