import { render } from "preact";
import { App } from "./shell/app";
import { isUp } from "./api/client";
import { startEvents } from "./api/events";
import { startKeys } from "./lib/keys";
import { followLinks } from "./router";
import { lookNow, probeWith } from "./state/connection";
import { applyTheme } from "./state/theme";
import "./styles/index.css";

applyTheme();
probeWith(isUp);
window.addEventListener("online", lookNow);
startKeys();
followLinks();
startEvents();
render(<App />, document.getElementById("app") as HTMLElement);
