import { connection, lookNow } from "../state/connection";
import { Icon } from "./icons";

/** What is wrong with the connection, while it is. */
export function Banner() {
  if (connection.value === "ok") return null;
  if (connection.value === "offline") {
    return (
      <div class="banner" role="status">
        <Icon name="alert" />
        <span>The server does not answer. What you see may be old; it goes on by itself when the server is back.</span>
        <button type="button" class="link-button" onClick={lookNow}>Try now</button>
      </div>
    );
  }
  const back = `/login?next=${encodeURIComponent(window.location.pathname + window.location.search)}`;
  return (
    <div class="banner" role="alert">
      <Icon name="leave" />
      <span>Your session has ended.</span>
      <a href={back} data-leave>Sign in</a>
    </div>
  );
}
