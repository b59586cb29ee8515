// The one place that talks to the server. Types and addresses come from the contract, so a change there that
// does not fit what is written here fails the build.
import { routes, type BatchResult, type Operations, type Problem } from "./contract";
import { noteAnswer, noteSilence, noteSignedOut } from "../state/connection";

export type Operation = keyof Operations;
export type Answer<K extends Operation> = Operations[K]["answer"];

type Part<Name extends string, T> = [T] extends [undefined]
  ? { [key in Name]?: never }
  : object extends T
    ? { [key in Name]?: T }
    : { [key in Name]: T };
export type Input<K extends Operation> = Part<"path", Operations[K]["path"]> &
  Part<"query", Operations[K]["query"]> &
  Part<"body", Operations[K]["body"]> & { signal?: AbortSignal };

const TIMEOUT_MS = 30_000;
const LONG_TIMEOUT_MS = 180_000; // batches, and what waits for a language model

/** Why a call failed: what a person can be told. */
export class Failure extends Error {
  constructor(
    /** offline: no answer at all; signed-out: 401; refused: our request was at fault; server: theirs. */
    readonly kind: "offline" | "signed-out" | "refused" | "server",
    message: string,
    readonly status = 0,
    readonly requestId = "",
    readonly retryAfterS = 0,
    /** The member of what was sent that is at fault; empty: none is named. */
    readonly field = "",
  ) {
    super(message);
  }
}

/** A call that was given up because nobody waits for it any more. */
export const wasAborted = (error: unknown) => error instanceof DOMException && error.name === "AbortError";

export function asFailure(error: unknown): Failure {
  return error instanceof Failure ? error : new Failure("server", error instanceof Error ? error.message : String(error));
}

let project = "";
/** Every call from now on is about this project. */
export function useProject(id: string): void {
  project = id;
}

function addressOf(path: string, takesProject: boolean, input: { path?: object; query?: object }): string {
  let address = path;
  for (const [name, value] of Object.entries(input.path ?? {})) address = address.replace(`{${name}}`, encodeURIComponent(String(value)));
  const query = new URLSearchParams();
  if (takesProject && project) query.set("project_id", project);
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) query.set(name, Array.isArray(value) ? value.join(",") : String(value));
  }
  return query.size ? `${address}?${query}` : address;
}

async function failureOf(reply: Response): Promise<Failure> {
  const problem = (await reply.json().catch(() => null)) as Partial<Problem> | null;
  const words = problem?.detail ?? `the server answered ${reply.status} ${reply.statusText}`;
  const kind = reply.status === 401 ? "signed-out" : reply.status < 500 ? "refused" : "server";
  return new Failure(kind, words, reply.status, reply.headers.get("X-Request-ID") ?? "", problem?.retry_after ?? 0, problem?.field ?? "");
}

async function send(address: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(address, init);
  } catch (error) {
    if (wasAborted(error)) throw error;
    noteSilence();
    throw new Failure("offline", "The server does not answer.");
  }
}

/** Sends, and notes what the answer says about the connection; throws a Failure unless it is a good one. */
async function ask(address: string, init: RequestInit): Promise<Response> {
  // The header is what a foreign page cannot send along with our cookie.
  const reply = await send(address, { ...init, headers: { "X-Requested-With": "soulcaster", ...init.headers } });
  noteAnswer();
  if (reply.ok) return reply;
  const failure = await failureOf(reply);
  if (failure.kind === "signed-out") noteSignedOut();
  throw failure;
}

const within = (ms: number, signal?: AbortSignal) => (signal ? AbortSignal.any([signal, AbortSignal.timeout(ms)]) : AbortSignal.timeout(ms));

export async function call<K extends Operation>(operation: K, input: Input<K>): Promise<Answer<K>> {
  const [method, path, takesProject, waits] = routes[operation];
  const init: RequestInit = { method, signal: within(waits ? LONG_TIMEOUT_MS : TIMEOUT_MS, input.signal) };
  if (input.body !== undefined) {
    init.headers = { "Content-Type": "application/json" };
    init.body = JSON.stringify(input.body);
  }
  const reply = await ask(addressOf(path, takesProject, input), init);
  return (reply.status === 204 ? undefined : await reply.json()) as Answer<K>;
}

/** What is not JSON: the text as it stands. */
export async function callText(operation: "getFixPatch", input: Input<"getFixPatch">): Promise<string> {
  const [method, path, takesProject] = routes[operation];
  return heard(await ask(addressOf(path, takesProject, input), { method, signal: within(TIMEOUT_MS, input.signal) }));
}

/** A batch of NDJSON lines; a result for each of them, in order. A connection that breaks is a Failure, too. */
export async function sendLines(lines: string, signal: AbortSignal): Promise<BatchResult[]> {
  const [method, path, takesProject] = routes.ingestBatch;
  const init = { method, body: lines, headers: { "Content-Type": "application/x-ndjson" }, signal: within(LONG_TIMEOUT_MS, signal) };
  const reply = await ask(addressOf(path, takesProject, {}), init);
  return (await heard(reply)).split("\n").filter(Boolean).map((line) => JSON.parse(line) as BatchResult);
}

/** The text of an answer, all of it. */
async function heard(reply: Response): Promise<string> {
  try {
    return await reply.text();
  } catch (error) {
    if (wasAborted(error)) throw error;
    noteSilence();
    throw new Failure("offline", "The server's answer broke off.");
  }
}

/** Ends the session; the server forgets the cookie. */
export async function signOut(): Promise<void> {
  await send("/logout", { method: "POST", redirect: "manual" });
}

/** How the server says it is; that it is not well is an answer, too. */
export async function health(signal: AbortSignal): Promise<Answer<"getApiHealth">> {
  const reply = await send("/api/health", { signal: within(TIMEOUT_MS, signal), cache: "no-store" });
  noteAnswer();
  if (!reply.ok && reply.status !== 503) throw await failureOf(reply);
  return (await reply.json()) as Answer<"getApiHealth">;
}

/** Whether the server answers and is well; never throws. */
export async function isUp(): Promise<boolean> {
  try {
    return (await fetch("/health", { signal: AbortSignal.timeout(5000), cache: "no-store" })).ok;
  } catch {
    return false; // whatever went wrong, the answer to the question is no
  }
}

/** Where the event stream is, going on after an event that was seen. */
export function eventsAddress(after: number | null): string {
  const query: { after?: number } = after === null ? {} : { after };
  return addressOf(routes.streamEvents[1], true, { query });
}

/** Where a fix's log is as it grows, going on after a row that was seen. */
export function logAddress(id: string, after: number): string {
  const [, path, takesProject] = routes.followFixLog;
  return addressOf(path, takesProject, { path: { id }, query: { after } });
}
