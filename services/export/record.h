/* record.h - how a record stands in the store: numbers, keys and values as bytes. */
#ifndef MUSTER_EXPORT_RECORD_H
#define MUSTER_EXPORT_RECORD_H

#include "proto/rows.h"
#include "services/export/directory.h"
#include <string.h>

#define RECORD_KEY_PREFIX_SIZE 3u /* "R", kind */
#define RECORD_KEY_SIZE_MAX (RECORD_KEY_PREFIX_SIZE + DIRECTORY_ID_SIZE_MAX + 1 + 4)

static inline void
record_put_u16(uint8_t *to, uint16_t value)
{
    to[0] = (uint8_t)(value >> 8);
    to[1] = (uint8_t)value;
}

static inline uint16_t
record_get_u16(const uint8_t *from)
{
    return (uint16_t)(from[0] << 8 | from[1]);
}

static inline void
record_put_u64(uint8_t *to, uint64_t value)
{
    uint64_t swapped = __builtin_bswap64(value);
    memcpy(to, &swapped, sizeof swapped);
}

static inline uint64_t
record_get_u64(const uint8_t *from)
{
    uint64_t swapped;
    memcpy(&swapped, from, sizeof swapped);
    return __builtin_bswap64(swapped);
}

/* The key of one version; version 0 is in front of none: UINT32_MAX is the newest there can be. Returns its size. */
size_t record_key(uint8_t key[RECORD_KEY_SIZE_MAX], uint16_t kind, const char *id, size_t id_size, uint32_t version);
/* Fills id and version from a key; false if it is not a record's key of `kind`. */
bool record_of_key(directory_record *record, mst_slice key, uint16_t kind);

/* Upper bound of the value's size. */
size_t record_value_size_max(const directory_record *record, const Muster__V1__Rows *rows, uint32_t row);
/* Writes the value: seq(8) shape(2) flags(1) batch_size(1) batch, then a varint length per cell, then the cells.
 * Cells are the columns of `row` behind the first (the id). Returns its size. */
size_t record_value(uint8_t *value, const directory_record *record, const Muster__V1__Rows *rows, uint32_t row);
/* Fills everything but id and version from a value; false: damaged. The record borrows the value. */
bool record_of_value(directory_record *record, mst_slice value);
/* Splits lengths_and_values into `count` cells; false: damaged. */
bool record_split(mst_slice lengths_and_values, mst_slice *cells, size_t count);

#endif
