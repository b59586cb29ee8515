/* What people's corrections teach about the project's cut.
 *
 * Each correction in force is an example of the one question that the cut answers, at which similarity two sets of reports
 * are one issue: issues kept apart, and a report kept out of an issue, are not, whatever their similarity; reports that
 * people put together are, however far apart. The cut is moved by exp(d), where d is the most probable under a logistic
 * model of the examples with the decision's slope and some label noise, and a normal prior around no move at all (maximum a posteriori): one
 * correction moves it a little, many that agree move it far, and undoing them moves it back. Nothing is stored: examples
 * are measured anew, so they also hold for another embedder. */
#ifndef SC_GROUP_LEARN_H
#define SC_GROUP_LEARN_H

#include "group/state.h"

/* Begins a new epoch if the project has outgrown its last one and is small (epoch.h), and learns in it. */
void sc_learn_refresh(sc_engine *e);
/* The same in a large project, one step of many. */
void sc_learn_step(sc_engine *e);
/* Places the cut by the corrections there are now. */
void sc_learn_cut(sc_engine *e);

#endif
