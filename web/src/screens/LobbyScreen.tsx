import { useState } from "react";
import { useTranslation } from "react-i18next";
import { AgendaPanel } from "../features/agenda/AgendaPanel.tsx";
import { agendaView } from "../features/agenda/agendaView.ts";
import { LobbyPage } from "../features/lobby/LobbyPage.tsx";
import { equipmentView, lobbyView } from "../features/lobby/lobbyView.ts";
import type { Sight } from "../meeting/sight.ts";
import type { Accreditation, PlaneSnapshot, PrivateMember } from "../member/plane.ts";
import { countryOf } from "../ui/countries.ts";
import { DevicesDialog } from "../ui/DevicesDialog.tsx";
import { holderWords } from "../ui/holderWords.ts";
import { Preview } from "../ui/Preview.tsx";
import { useClock } from "../ui/useClock.ts";
import { useStore } from "../ui/useStore.ts";
import { saveRecord } from "./saved.ts";
import { titlesIn } from "./titles.ts";

interface Props {
  readonly member: PrivateMember;
  readonly plane: PlaneSnapshot;
  readonly accreditation: Accreditation;
  /** Where this device may read the sitting already: it was there before. */
  readonly sight: Sight | undefined;
}

export function LobbyScreen({ member, plane, accreditation, sight }: Props) {
  const { t, i18n } = useTranslation();
  const now_ms = useClock();
  const [areDevicesShown, setDevicesShown] = useState(false);
  const view = lobbyView(plane.lobby, accreditation.role, now_ms);
  const { camera, microphone } = useStore(member.devices);
  const { name } = holderWords(accreditation, i18n.language, t);
  const flag = countryOf(accreditation.delegation);
  return (
    <>
      <LobbyPage
        holder={accreditation}
        view={view}
        acts={{
          knock: member.knock,
          open: member.open,
          devices: () => setDevicesShown(true),
          leave: () => void member.leave(),
          save: plane.record && (() => saveRecord(member)),
        }}
        preview={<Preview seat={{ identity: "", delegation: name, person: t("seat/you"), ...(flag && { flag }) }} />}
        equipment={equipmentView(camera, microphone, plane.network)}
        agenda={sight && <AgendaPanel view={agendaView(sight, titlesIn(plane.titles, i18n.language), now_ms)} />}
      />
      <DevicesDialog isOpen={areDevicesShown} onClose={() => setDevicesShown(false)} />
    </>
  );
}
