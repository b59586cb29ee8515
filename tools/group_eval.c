/* How well grouping does on labelled text, without the rest of the product:
 *
 *   group_eval [--embedder NAME] [--shuffle SEED] [--consolidate] [--no-search] [--max N] FILE.jsonl...
 *
 * Each line of a file is {"text", "title"?, "body"?, "label"}. Texts are prepared and embedded as the
 * product does it and streamed through the grouping engine with the shipped profile. One row a file. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "group/evaluate.h"
#include "tools/labelled.h"

static void print(const char *path, const sc_evaluation *v) {
    const char *slash = strrchr(path, '/');
    const sc_metrics *m = &v->metrics;
    printf("%-26.26s %6" PRId64 " %5.3f %5.3f %5.3f %5.3f %5.3f %5.3f %5.3f %6" PRId64 " %6" PRId64
           " %7.0f %7.0f %6.0f %6" PRId64 " %5" PRId64 " %5.1f %5.3f %4.2f\n",
           slash ? slash + 1 : path, m->items, m->ari, m->pair_precision, m->pair_recall,
           m->pair_f1, m->v_measure, v->recall_at_1, v->recall_at_5, m->true_groups,
           m->found_groups, v->place_us_mean, v->place_us_p99, v->search_us_mean, v->moves,
           v->suggestions, (double)v->bytes / 1e6, v->cut, v->topics);
}

int main(int argc, char **argv) {
    const char *name = argc > 2 && !strcmp(argv[1], "--embedder") ? argv[2] : "builtin";
    sc_evaluate_conf conf = {.clock = &sc_clock_system};
    size_t max = SIZE_MAX;
    sc_err err;
    sc_json_setup();
    sc_embedder em = sc_tool_embedder("group_eval", name);
    conf.profile = sc_profile_get(em.ops->model(em.self));
    puts(
        "set                         items   ari     P     R    F1     V   R@1   R@5 groups  found "
        "  place     p99 search  moves sugg.    MB   cut kind");
    for (int i = 1; i < argc; i++) {
        if (!strcmp(argv[i], "--embedder") && i + 1 < argc)
            i++;
        else if (!strcmp(argv[i], "--shuffle") && i + 1 < argc)
            conf.shuffle = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--max") && i + 1 < argc)
            max = strtoull(argv[++i], NULL, 10);
        else if (!strcmp(argv[i], "--consolidate"))
            conf.consolidate = true;
        else if (!strcmp(argv[i], "--no-search"))
            conf.skip_search = true;
        else {
            sc_labelled d;
            sc_evaluation v;
            sc_labelled_load(&d, "group_eval", &em, argv[i], max);
            if (sc_evaluate_run(&conf, d.reprs, d.labels, d.n, NULL, &v, &err))
                sc_tool_die("group_eval", argv[i], &err);
            print(argv[i], &v);
            fflush(stdout);
            sc_labelled_done(&d);
        }
    }
    sc_tool_embedder_close(&em);
    return 0;
}
