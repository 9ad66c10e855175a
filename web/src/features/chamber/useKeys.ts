import { useEffect, useRef, useSyncExternalStore } from "react";
import { Store } from "../../store.ts";
import { actionOf, isTextField, type KeyAction } from "./keys.ts";

const KEY = "incamera.single-keys";

function remembered(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

const inUse = new Store(remembered());

/** Whether single keys act: a setting, because speech input and shaky hands press them by chance (WCAG 2.1.4). */
export function useSingleKeys(): [boolean, (use: boolean) => void] {
  return [useSyncExternalStore(inUse.subscribe, inUse.snapshot), setInUse];
}

function setInUse(use: boolean): void {
  inUse.set(use);
  try {
    localStorage.setItem(KEY, use ? "on" : "off");
  } catch {
    // A browser that keeps nothing starts with them on.
  }
}

/** Calls `act` for each key that means something; `isHeld` says that it went down (true) or up (false). */
export function useKeys(act: (action: KeyAction, isDown: boolean) => void): void {
  const [isInUse] = useSingleKeys();
  const current = useRef(act);
  current.current = act;
  useEffect(() => {
    if (!isInUse) return;
    let isTalking = false;
    const down = (event: KeyboardEvent) => {
      const action = actionOf(event, isTextField(event.target));
      if (action === undefined || event.repeat || event.defaultPrevented) return;
      if (action === "talk") isTalking = true;
      current.current(action, true);
    };
    const release = () => {
      if (isTalking) current.current("talk", false);
      isTalking = false;
    };
    const up = (event: KeyboardEvent) => {
      if (event.key.toLowerCase() === "v") release();
    };
    window.addEventListener("keydown", down);
    window.addEventListener("keyup", up);
    window.addEventListener("blur", release); // a key that comes up elsewhere would leave the microphone open
    return () => {
      release();
      window.removeEventListener("keydown", down);
      window.removeEventListener("keyup", up);
      window.removeEventListener("blur", release);
    };
  }, [isInUse]);
}
