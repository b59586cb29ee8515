import { call } from "../../api/client";
import { useLoad } from "../../lib/load";
import { leave } from "../../state/session";
import { chooseTheme, theme, type Theme } from "../../state/theme";
import { chooseZone, localZone, zone, type Zone } from "../../state/zone";
import { Icon } from "../../ui/icons";
import { Loaded, Page, Section } from "../../ui/page";
import { Audit } from "./audit";
import { FixSettings } from "./fixes";
import { Keys } from "./keys";
import { LimitSettings } from "./limits";
import { ModelPart } from "./model";
import { Projects } from "./projects";
import { RetentionSettings } from "./retention";
import { SavedViews } from "./views";

function You() {
  const session = useLoad((signal) => call("getSession", { signal }));
  return (
    <Section title="You" acts={<button type="button" class="button small" onClick={() => void leave()}><Icon name="leave" />Sign out</button>}>
      <Loaded of={session} what="Who you are could not be loaded" lines={2}>
        {(me) => (
          <p>
            Signed in with {me.scopes.includes("admin") ? "all rights" : <>the rights <b>{me.scopes.join(", ")}</b></>}{" "}
            {me.project_id ? "in this project." : "in all projects."}
          </p>
        )}
      </Loaded>
    </Section>
  );
}

const THEMES: [Theme, string][] = [["system", "As the system has it"], ["light", "Light"], ["dark", "Dark"]];

function Choice<T extends string>({ name, legend, value, options, onChoose }: { name: string; legend: string; value: T; options: [T, string][]; onChoose: (v: T) => void }) {
  return (
    <fieldset class="radios">
      <legend>{legend}</legend>
      {options.map(([v, words]) => (
        <label key={v}><input type="radio" name={name} checked={value === v} onChange={() => onChoose(v)} /><span>{words}</span></label>
      ))}
    </fieldset>
  );
}

function Appearance() {
  const zones: [Zone, string][] = [["local", `This computer's zone (${localZone()})`], ["UTC", "UTC"]];
  return (
    <Section title="Appearance" note="Kept in this browser.">
      <div class="two">
        <Choice name="theme" legend="Colours" value={theme.value} options={THEMES} onChoose={chooseTheme} />
        <Choice name="zone" legend="Times are shown in" value={zone.value} options={zones} onChoose={chooseZone} />
      </div>
    </Section>
  );
}

export function SettingsPage() {
  return (
    <Page title="Settings">
      <You />
      <Appearance />
      <Projects />
      <Keys />
      <ModelPart />
      <SavedViews />
      <FixSettings />
      <LimitSettings />
      <RetentionSettings />
      <Audit />
    </Page>
  );
}
