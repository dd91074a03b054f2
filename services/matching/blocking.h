/* blocking.h - under which keys a person is filed, so that only people worth comparing are compared.
 *
 * Each key is made of other fields than the next, so that one wrong or missing field never hides a person: identifier,
 * e-mail, phone, birth date with an initial, name, name with part of the birth date, name with a place, house with a
 * name. Coarse keys (a whole birth date, a bare name, a house) serve small directories; where such a block grows
 * beyond BLOCK_SIZE_MAX the index passes it over, and the finer keys, which have a field more and are always filed
 * too, take its place. Thread: any. */
#ifndef MUSTER_BLOCKING_H
#define MUSTER_BLOCKING_H

#include "person.h"

#define BLOCKING_KEYS_MAX 24u /* of one person */
#define BLOCK_SIZE_MAX 15u    /* people compared because of one key */

/* Writes the person's keys without repeats and returns how many. Key 0 is never made. */
size_t blocking_keys(const person_view *view, uint32_t keys[BLOCKING_KEYS_MAX]);

/* The key of identifier `nth` (one the person has). */
uint32_t blocking_id_key(const person_view *view, uint32_t nth);

/* Letters that survive typing and spelling errors best: first letter and up to three consonant classes. */
uint32_t blocking_sound(const char *text, size_t size);

#endif
