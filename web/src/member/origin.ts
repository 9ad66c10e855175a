/** From where this page comes, and the origin of the server that it speaks to, which a proof names. */
export interface Origin {
  readonly page: "program" | "server";
  readonly server: string;
}

/** Behind `incamera join` the forwarder says both; else the page is the server's own copy. */
export async function whence(): Promise<Origin> {
  const origin = window.location.origin;
  try {
    const answer = await fetch("/join.json", { cache: "no-store", signal: AbortSignal.timeout(8_000) });
    const { page, server }: { page?: unknown; server?: unknown } = await answer.json();
    return page === "package" && typeof server === "string"
      ? { page: "program", server }
      : { page: "server", server: origin };
  } catch {
    return { page: "server", server: origin };
  }
}
