/* What kind of project this is, which weights its evidence has, and where its cut lies: read off its
 * own texts, with the profile for what they leave open. In steps of some milliseconds, so that placing a
 * report need not wait for all of them. Threads: plain data. */
#ifndef SC_GROUP_CALIBRATE_H
#define SC_GROUP_CALIBRATE_H

#include "group/score.h"

/* Zeroed at first. */
typedef struct sc_calibration {
    int stage;
    float common;      /* what the vectors of a random pair have in common */
    float with_frames; /* the share of reports that have a stack trace */
    float kind;        /* what e->topics was before */
} sc_calibration;

/* One step towards e's weights, kind and own_cut; true: they are whole. s->epoch is e; the items' norms
 * are those of e's word weights. Kind and cut stay as they are while the project has not grown by a
 * quarter since they were looked at, and where there is no memory to look. */
bool sc_calibrate(sc_calibration *c, const sc_score *s, sc_epoch *e);

#endif
