/** Two lights: chamber, dark, for people; paper for texts. */
export type Light = "chamber" | "paper";

export function setLight(light: Light): void {
  document.documentElement.dataset["light"] = light;
}
