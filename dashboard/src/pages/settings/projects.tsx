// The projects: which one is looked at, and new ones.
import { useState } from "preact/hooks";
import { asFailure, call, type Failure } from "../../api/client";
import { go } from "../../router";
import { loadProjects, project, projects } from "../../state/project";
import { say } from "../../state/toast";
import { Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icons";
import { Section } from "../../ui/page";
import { Ago } from "../../ui/time";

const switchTo = (id: string) => go(`/settings?project_id=${id}`);

function NewProject({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [failure, setFailure] = useState<Failure | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      const made = await call("createProject", { body: { name: name.trim() } });
      await loadProjects();
      onClose();
      switchTo(made.id);
      say(`Project "${made.name}" made.`);
    } catch (error) {
      setFailure(asFailure(error));
    }
  };
  return (
    <Dialog title="New project" onClose={onClose}>
      <form onSubmit={(e) => void submit(e)}>
        <label class="field">Name
          <input class="text mono" required maxLength={100} pattern="[a-z0-9._\-]+" title="Lower-case letters, digits, dot, underscore, hyphen" placeholder="mobile-app" autoFocus value={name}
            onInput={(e) => setName(e.currentTarget.value)} />
        </label>
        <p class="dim">Lower-case letters, digits, dot, underscore, hyphen. Its reports are grouped for themselves.</p>
        {failure && <p role="alert" class="problem">Not made: {failure.message}</p>}
        <div class="dialog-end">
          <button type="button" class="button" onClick={onClose}>Cancel</button>
          <button type="submit" class="button primary">Make it</button>
        </div>
      </form>
    </Dialog>
  );
}

export function Projects() {
  const [making, setMaking] = useState(false);
  return (
    <Section title="Projects" note="Each has its own reports, issues, keys and settings." acts={<button type="button" class="button small" onClick={() => setMaking(true)}><Icon name="plus" />New project</button>}>
      <table class="plain">
        <thead class="hidden"><tr><th scope="col">Name</th><th scope="col">Made</th><th scope="col">Switch</th></tr></thead>
        <tbody>
          {projects.value.map((p) => (
            <tr key={p.id}>
              <th scope="row">{p.name}</th>
              <td class="dim">made <Ago at={p.created_at} suffix=" ago" /></td>
              <td class="number">{p.id === project.value?.id ? <span class="dim">shown now</span> : <button type="button" class="button small" onClick={() => switchTo(p.id)}>Switch to it</button>}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {making && <NewProject onClose={() => setMaking(false)} />}
    </Section>
  );
}
