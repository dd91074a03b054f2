/* record.c - see record.h. */
#include "services/export/record.h"

size_t
record_key(uint8_t key[RECORD_KEY_SIZE_MAX], uint16_t kind, const char *id, size_t id_size, uint32_t version)
{
    key[0] = 'R';
    record_put_u16(key + 1, kind);
    memcpy(key + RECORD_KEY_PREFIX_SIZE, id, id_size);
    uint8_t *end = key + RECORD_KEY_PREFIX_SIZE + id_size;
    uint32_t swapped = __builtin_bswap32(~version);
    end[0] = 0; // no id holds a NUL, so ids sort as bytes
    memcpy(end + 1, &swapped, sizeof swapped);
    return RECORD_KEY_PREFIX_SIZE + id_size + 5;
}

bool
record_of_key(directory_record *record, mst_slice key, uint16_t kind)
{
    if (key.size < RECORD_KEY_PREFIX_SIZE + 5 || key.data[0] != 'R' || record_get_u16(key.data + 1) != kind)
        return false;
    record->id = (const char *)key.data + RECORD_KEY_PREFIX_SIZE;
    record->id_size = key.size - RECORD_KEY_PREFIX_SIZE - 5;
    uint32_t swapped;
    memcpy(&swapped, key.data + key.size - 4, sizeof swapped);
    record->version = ~__builtin_bswap32(swapped);
    return true;
}

size_t
record_value_size_max(const directory_record *record, const Muster__V1__Rows *rows, uint32_t row)
{
    size_t first = (size_t)row * rows->columns;
    size_t cells = rows->ends[first + rows->columns - 1] - rows->ends[first];
    return 12 + record->batch_id.size + (size_t)5 * rows->columns + cells;
}

size_t
record_value(uint8_t *value, const directory_record *record, const Muster__V1__Rows *rows, uint32_t row)
{
    record_put_u64(value, record->seq);
    record_put_u16(value + 8, record->shape);
    value[10] = record->deleted;
    value[11] = (uint8_t)record->batch_id.size;
    memcpy(value + 12, record->batch_id.data, record->batch_id.size);
    uint8_t *end = value + 12 + record->batch_id.size;
    const uint32_t *ends = rows->ends + (size_t)row * rows->columns;
    for (uint32_t column = 1; column < rows->columns; column++) {
        uint32_t length = ends[column] - ends[column - 1];
        for (; length >= 0x80; length >>= 7)
            *end++ = (uint8_t)(length | 0x80);
        *end++ = (uint8_t)length;
    }
    size_t size = ends[rows->columns - 1] - ends[0];
    if (size > 0)
        memcpy(end, rows->values.data + ends[0], size);
    return (size_t)(end - value) + size;
}

bool
record_of_value(directory_record *record, mst_slice value)
{
    if (value.size < 12 || value.size < (size_t)12 + value.data[11])
        return false;
    record->seq = record_get_u64(value.data);
    record->shape = record_get_u16(value.data + 8);
    record->deleted = value.data[10] != 0;
    record->batch_id = (mst_slice){value.data + 12, value.data[11]};
    size_t head = (size_t)12 + value.data[11];
    record->lengths_and_values = (mst_slice){value.data + head, value.size - head};
    return true;
}

bool
record_split(mst_slice bytes, mst_slice *cells, size_t count)
{
    const uint8_t *at = bytes.data, *end = bytes.data + bytes.size;
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length = 0;
        for (unsigned shift = 0;; shift += 7) {
            if (at == end || shift > 28)
                return false;
            length |= (size_t)(*at & 0x7f) << shift;
            if ((*at++ & 0x80) == 0)
                break;
        }
        cells[i].size = length;
        total += length;
    }
    if (total != (size_t)(end - at))
        return false;
    for (size_t i = 0; i < count; i++) {
        cells[i].data = at;
        at += cells[i].size;
    }
    return true;
}
