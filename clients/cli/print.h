/* print.h - text for people.
 *
 * Names, values and file names come from other people's files: everything printed for a terminal is cleaned of control
 * characters first, so that a cell cannot move the cursor or repaint the screen. Thread: one. */
#ifndef MUSTER_CLI_PRINT_H
#define MUSTER_CLI_PRINT_H

#include "broker/lib/arena.h"
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* The same text with control characters shown as a replacement mark; the given text itself when it is clean. */
const char *print_clean(mst_arena *arena, const char *text);
/* Cleaned, and at most `columns_max` columns wide ("..." at the end when cut). */
const char *print_cut(mst_arena *arena, const char *text, size_t columns_max);

const char *print_count(mst_arena *arena, uint64_t count);       /* 1,000,000 */
const char *print_size(mst_arena *arena, uint64_t bytes);        /* 1.4 MiB */
const char *print_duration(mst_arena *arena, int64_t ms);        /* 12 ms, 3.4 s, 2 min 5 s, 3 h 10 min, 4 d 2 h */
const char *print_time(mst_arena *arena, int64_t ms_since_1970); /* 2026-11-21 21:20:41, local */
const char *print_rate(mst_arena *arena, double per_second, const char *what);                 /* 310,000 rows/s */
const char *print_plural(mst_arena *arena, uint64_t count, const char *one, const char *many); /* 1 row, 2,000 rows */

/* 97.7 %; never 100 %: nothing computed from a file is that certain. */
const char *print_probability(mst_arena *arena, double probability);

/* True when `stream` is a terminal that understands cursor movement. */
bool print_terminal(FILE *stream);
/* Columns of the terminal; 100 where it is none. */
size_t print_terminal_width(FILE *stream);

/* A table: cells are collected row by row, then printed with columns aligned. */
typedef struct print_table print_table;

#define PRINT_COLUMNS_MAX 16u

/* `headings`: one letter '<' or '>' for the side it is aligned to, then the heading; ended by NULL. */
print_table *print_table_new(mst_arena *arena, const char *const *headings);
/* Adds the next cell; cleaned and copied. NULL and "" print as "-". */
void print_table_cell(print_table *table, const char *text);
void print_table_cellf(print_table *table, const char *format, ...) MST_PRINTF(2, 3);
void print_table_print(const print_table *table, FILE *stream);

#endif
