// Which rows of the list of issues are meant.
import { computed } from "@preact/signals";
import { selectionOf } from "../../state/selection";
import { rows } from "./list";

const ids = computed(() => rows.value.map((r) => r.cluster.id));

export const { active, activeIndex, selected, targets, move, toggle, clear, selectAll, leave } = selectionOf(ids);
