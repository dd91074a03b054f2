/* service.c - a service in one screen: how many rows did the batches of each template bring?
 *
 * It remembers BatchCreated and BatchCompleted and answers ListBatches with one line per template. The runtime does
 * the rest: example-service --data DIR follows the log, keeps its copy of it, survives kill -9 of itself and of the
 * broker, answers STATUS, and stops in order on SIGTERM.
 *
 * The two halves of every service: apply() is the only way its state changes, work() decides and never remembers. */
#include "services/runtime/service.h"
#include "export.pb-c.h"
#include "ingestion.pb-c.h"
#include <stdlib.h>
#include <string.h>

#define TEMPLATES_MAX 100
#define BATCHES_MAX 10000

typedef struct tally {
    struct {
        char name[64];
        uint32_t rows;
    } templates[TEMPLATES_MAX];
    size_t templates_count;
    uint8_t template_of[BATCHES_MAX]; /* batch number -> place in templates, from 1 */
    uint64_t seq;                     /* last event applied: the same one again changes nothing */
} tally;

static mst_status
tally_open(void **state, const mst_core_env *env)
{
    (void)env;
    *state = calloc(1, sizeof(tally));
    return *state ? MST_OK : MST_IO;
}

static uint8_t
place_of(tally *self, const char *name)
{
    for (size_t i = 0; i < self->templates_count; i++)
        if (strcmp(self->templates[i].name, name) == 0)
            return (uint8_t)(i + 1);
    if (self->templates_count == TEMPLATES_MAX)
        return 0;
    strncpy(self->templates[self->templates_count].name, name, sizeof self->templates[0].name - 1);
    return (uint8_t)++self->templates_count;
}

static void
tally_apply(void *state, const mst_event *event)
{
    tally *self = state;
    unsigned long number = strtoul(event->head->batch_id + 1, NULL, 10);
    if (event->head->seq <= self->seq || number >= BATCHES_MAX)
        return;
    self->seq = event->head->seq;
    if (event->message->descriptor == &muster__v1__batch_created__descriptor)
        self->template_of[number] = place_of(self, ((const Muster__V1__BatchCreated *)event->message)->template_name);
    else if (self->template_of[number])
        self->templates[self->template_of[number] - 1].rows +=
            ((const Muster__V1__BatchCompleted *)event->message)->received;
}

static void
tally_work(void *state, mst_work *work, const mst_step *step)
{
    const tally *self = state;
    Muster__V1__BatchView views[TEMPLATES_MAX], *lines[TEMPLATES_MAX];
    Muster__V1__BatchList list = MUSTER__V1__BATCH_LIST__INIT;
    if (strcmp(step->method, "ListBatches") != 0) {
        mst_work_refuse(work, MUSTER__V1__ANSWER_STATUS__ANSWER_REFUSED, NULL, "tally answers ListBatches, not %s",
                        step->method);
        return;
    }
    for (size_t i = 0; i < self->templates_count; i++) {
        lines[i] = &views[i];
        muster__v1__batch_view__init(lines[i]);
        lines[i]->template_name = (char *)self->templates[i].name;
        lines[i]->rows_total = self->templates[i].rows;
    }
    list.batches = lines;
    list.n_batches = self->templates_count;
    mst_work_answer(work, &list.base);
}

int
main(int argc, char **argv)
{
    static const char *const types[] = {"BatchCreated", "BatchCompleted", NULL};
    static const mst_core core = {.name = "tally", /* called "tally", data in services/tally-1 */
                                  .types = types,
                                  .inputs_max = 1,
                                  .open = tally_open,
                                  .close = free,
                                  .apply = tally_apply,
                                  .work = tally_work};
    return mst_service_main(&core, argc, argv);
}
