/* blocking.h - under which keys a person is filed, so that only people worth comparing are compared.
 *
 * Each key is made of other fields than the next, so that one wrong or missing field never hides a person: identifier,
 * e-mail, phone, birth date with a name's sound, name, name with part of the birth date, name with a place, house with
 * a place or an initial. Where a block grows beyond BLOCK_SIZE_MAX the index passes it over; keys with a field more are
 * always filed beside it and take its place. A birth date or a house alone serves small directories and files only.
 * Thread: any. */
#ifndef MUSTER_BLOCKING_H
#define MUSTER_BLOCKING_H

#include "person.h"

#define BLOCKING_KEYS_MAX 24u /* of one person */
#define BLOCK_SIZE_MAX 15u    /* people compared because of one key */

#define COARSE_PEOPLE_MAX 50000u /* people up to which the coarse keys are looked under */

/* Writes the person's keys without repeats and returns how many; the first `fine` of them without the coarse ones.
 * Key 0 is never made. */
size_t blocking_keys(const person_view *view, uint32_t keys[BLOCKING_KEYS_MAX], size_t *fine);

/* The key of identifier `nth` (one the person has). */
uint32_t blocking_id_key(const person_view *view, uint32_t nth);

/* Letters that survive typing and spelling errors best: first letter and up to three consonant classes. */
uint32_t blocking_sound(const char *text, size_t size);

#endif
