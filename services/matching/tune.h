/* tune.h - weights that learn from the batch at hand, without labels.
 *
 * Before the rows of a batch are compared, a sample of them is: how many have their person in the directory, or earlier
 * in the file, sets the prior; and among those that are certain without a group of fields, how often that group agrees
 * or differs (typing errors, people who move) sets what its levels weigh. Group by group, each judged by the others
 * only, so that no field confirms itself; with so many prior observations that a handful of rows changes little, and
 * bounded, so that no file can turn a contradiction into evidence. The same on every worker: sample, directory
 * position and order are. Thread: one. */
#ifndef MUSTER_TUNE_H
#define MUSTER_TUNE_H

#include "finder.h"

#define TUNE_SAMPLE_MAX 4096u /* rows looked at */

/* Sets the weigher's tuned weights. `rows` are all rows of the file, in order, NULL where left out. */
void tune(weigher *weigher, const people *directory, uint64_t position, const people *file, const person *const *rows,
          size_t count);

#endif
