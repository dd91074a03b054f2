/* progress.c - see progress.h. */
#include "progress.h"

#include "broker/lib/clock.h"
#include "print.h"
#include <stdio.h>
#include <string.h>

#define REDRAW_US 100000
#define PLAIN_US 5000000
#define BAR_COLUMNS 24u

void
progress_open(progress_view *self, bool silent)
{
    *self = (progress_view){.silent = silent, .terminal = print_terminal(stderr)};
    self->arena = mst_arena_new(0);
    self->told_us = mst_clock_monotonic_us();
}

void
progress_set(progress_view *self, const char *title, uint64_t done, uint64_t total, bool bytes)
{
    progress_stage *stage = self->stages, *end = self->stages + self->stages_count;
    while (stage < end && strcmp(stage->title, title) != 0)
        stage++;
    int64_t now = mst_clock_monotonic_us();
    if (stage == end) {
        if (self->stages_count == PROGRESS_STAGES_MAX)
            return;
        self->stages_count++;
        *stage = (progress_stage){.title = title, .bytes = bytes, .began_us = now, .moved_us = now};
    }
    if (done != stage->done)
        stage->moved_us = now;
    stage->done = done;
    stage->total = total;
}

static const char *
amount(progress_view *self, const progress_stage *stage, uint64_t value)
{
    return stage->bytes ? print_size(self->arena, value) : print_count(self->arena, value);
}

static const char *
speed(progress_view *self, const progress_stage *stage)
{
    double seconds = (double)(stage->moved_us - stage->began_us) / 1e6;
    if (seconds < 0.2 || stage->done == 0)
        return "";
    double rate = (double)stage->done / seconds;
    if (stage->bytes)
        return mst_arena_printf(self->arena, "%s/s", print_size(self->arena, (uint64_t)rate));
    return print_rate(self->arena, rate, "rows");
}

static const char *
bar(progress_view *self, const progress_stage *stage)
{
    // Eighths of a column: the bar moves although the terminal is coarse.
    static const char *const PARTS[] = {" ", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    if (stage->total == 0)
        return mst_arena_printf(self->arena, "%*s", (int)BAR_COLUMNS, "");
    uint64_t done = stage->done < stage->total ? stage->done : stage->total;
    unsigned eighths = (unsigned)((double)done / (double)stage->total * BAR_COLUMNS * 8);
    char *text = mst_arena_alloc(self->arena, BAR_COLUMNS * 3 + 1), *to = text;
    for (unsigned i = 0; i < BAR_COLUMNS; i++)
        to = stpcpy(to, eighths >= 8 * (i + 1) ? "█" : eighths > 8 * i ? PARTS[eighths % 8] : " ");
    return text;
}

static void
draw_block(progress_view *self)
{
    if (self->lines > 0)
        fprintf(stderr, "\x1b[%uA", self->lines);
    for (unsigned i = 0; i < self->stages_count; i++) {
        progress_stage *stage = &self->stages[i];
        const char *of =
            stage->total > 0 ? mst_arena_printf(self->arena, " of %s", amount(self, stage, stage->total)) : "";
        fprintf(stderr, "\r%-10s %s %s%s  %s\x1b[K\n", stage->title, bar(self, stage), amount(self, stage, stage->done),
                of, speed(self, stage));
    }
    self->lines = self->stages_count;
    fflush(stderr);
}

static void
draw_lines(progress_view *self, bool due)
{
    for (unsigned i = 0; i < self->stages_count; i++) {
        progress_stage *stage = &self->stages[i];
        bool ended = stage->total > 0 && stage->done >= stage->total;
        if (stage->done == stage->told)
            continue;
        if (stage->shown && !due && !ended)
            continue;
        if (stage->total > 0)
            fprintf(stderr, "%s: %s of %s\n", stage->title, amount(self, stage, stage->done),
                    amount(self, stage, stage->total));
        else
            fprintf(stderr, "%s: %s\n", stage->title, amount(self, stage, stage->done));
        stage->shown = true;
        stage->told = stage->done;
    }
}

void
progress_draw(progress_view *self, bool now)
{
    int64_t at = mst_clock_monotonic_us();
    if (self->silent || self->stages_count == 0)
        return;
    if (self->terminal) {
        if (!now && at - self->drawn_us < REDRAW_US)
            return;
        self->drawn_us = at;
        draw_block(self);
    } else {
        bool due = at - self->told_us >= PLAIN_US;
        if (due)
            self->told_us = at;
        draw_lines(self, due);
    }
    mst_arena_reset(self->arena);
}

void
progress_close(progress_view *self)
{
    progress_draw(self, true);
    mst_arena_destroy(&self->arena);
}
